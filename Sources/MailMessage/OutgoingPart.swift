/// A MIME part of a mail of our own (RFC 2045, RFC 2046).
package indirect enum OutgoingPart: Hashable, Sendable {
  /// Text of a `text/` type, sent as UTF-8 in quoted-printable.
  case text(String, type: String)
  /// Bytes that are sent as they are if they are 7 bits with CRLF and lines within 998 octets, else in
  /// quoted-printable.
  case bytes([UInt8], type: String)
  /// A whole mail, as `message/rfc822`. Only for one that `canGoUnencoded`: RFC 2046 section 5.2.1 forbids encoding it.
  case message([UInt8])
  /// A multipart.
  ///
  /// - Parameters:
  ///   - parameters: parameters of the media type, e.g. `report-type=delivery-status`.
  case multipart(subtype: String, parameters: [String], parts: [OutgoingPart])

  /// Returns the part's own fields, an empty line and its body.
  ///
  /// - Parameter seed: makes the boundaries unlike those of other mails; equal seeds give equal bytes.
  package func render(seed: String) -> [UInt8] {
    var counter = 0
    return render(seed: String(seed.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(40)), &counter)
  }

  private func render(seed: String, _ counter: inout Int) -> [UInt8] {
    switch self {
    case .text(let text, let type):
      return Self.leaf([type + ";", "charset=utf-8"], "quoted-printable", QuotedPrintableEncoder.encode(text.utf8))
    case .bytes(let bytes, let type):
      let isClean = Self.isSevenBit(bytes)
      return Self.leaf(
        [type], isClean ? "7bit" : "quoted-printable", isClean ? bytes : QuotedPrintableEncoder.encode(bytes))
    case .message(let bytes):
      return Self.leaf(["message/rfc822"], isEightBit ? "8bit" : "7bit", bytes)
    case .multipart(let subtype, let parameters, let parts):
      counter += 1
      let number = counter
      let rendered = parts.map { $0.render(seed: seed, &counter) }
      let boundary = Self.boundary(number, seed, rendered)
      return Self.multipart(subtype, parameters, isEightBit, boundary, rendered)
    }
  }

  private var isEightBit: Bool {
    switch self {
    case .text, .bytes: false
    case .message(let bytes): bytes.contains { $0 >= 0x80 }
    case .multipart(_, _, let parts): parts.contains(where: \.isEightBit)
    }
  }

  private static func leaf(_ type: [String], _ encoding: String, _ body: [UInt8]) -> [UInt8] {
    HeaderWriter.folded("Content-Type", type) + HeaderWriter.folded("Content-Transfer-Encoding", [encoding])
      + [0x0D, 0x0A] + body
  }

  private static func multipart(
    _ subtype: String, _ parameters: [String], _ isEightBit: Bool, _ boundary: String, _ parts: [[UInt8]]
  ) -> [UInt8] {
    let words = ["multipart/\(subtype);"] + parameters.map { $0 + ";" } + ["boundary=\"\(boundary)\""]
    var bytes = HeaderWriter.folded("Content-Type", words)
    // RFC 2045 section 6.4: a multipart with 8-bit content declares it.
    if isEightBit { bytes += HeaderWriter.folded("Content-Transfer-Encoding", ["8bit"]) }
    for part in parts { bytes += Array("\r\n--\(boundary)\r\n".utf8) + part }
    return bytes + Array("\r\n--\(boundary)--\r\n".utf8)
  }

  /// Returns a boundary that no part contains. `=_` cannot occur in quoted-printable; bytes that are sent as they are
  /// may hold anything, so they are searched.
  private static func boundary(_ number: Int, _ seed: String, _ parts: [[UInt8]]) -> String {
    var boundary = "=_\(number)_\(seed)"
    while boundary.utf8.count < 68, parts.contains(where: { contains($0, Array("--\(boundary)".utf8)) }) {
      boundary += "x"
    }
    return boundary
  }

  private static func contains(_ haystack: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first else { return true }
    return haystack.indices.contains { haystack[$0] == first && haystack[$0...].starts(with: needle) }
  }

  private static func isSevenBit(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 < 0x80 } && canGoUnencoded(bytes) }

  /// Returns true if `bytes` are lines within 998 octets that end in CRLF, without NUL (RFC 2045 section 2.8).
  package static func canGoUnencoded(_ bytes: [UInt8]) -> Bool {
    var length = 0
    var last: UInt8 = 0
    for byte in bytes {
      if byte == 0 || (last == 0x0D) != (byte == 0x0A) { return false }
      length = byte == 0x0A ? 0 : length + 1
      if length > 998 { return false }
      last = byte
    }
    return last == 0x0A || bytes.isEmpty
  }
}
