/// The form of a mail for servers that accept only 7 bits (RFC 6152 section 3), as Postfix makes it: each leaf with
/// octets above 127 becomes quoted-printable, multiparts around it are declared 7bit, and nothing else is changed.
///
/// A mail that is signed or encrypted stays as it is, since what the signature covers would change; so does a mail that
/// is not MIME, and one whose parts cannot be told apart. Header fields stay as they are: 8BITMIME does not concern
/// them. Linear in the mail for each level of nesting, of which there may be 20.
package struct SevenBitForm: Sendable {
  /// The reason why a mail stays as it is.
  package enum Obstacle: String, Error, Hashable, Sendable {
    case signed = "it is signed or encrypted"
    case notMIME = "it is no MIME message"
    case malformed = "its parts cannot be told apart"
  }

  private static let deepest = 20

  private let bytes: [UInt8]
  private var output: [UInt8] = []

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    output.reserveCapacity(bytes.count + bytes.count / 4)
  }

  package static func of(_ bytes: [UInt8]) throws(Obstacle) -> [UInt8] {
    var form = SevenBitForm(bytes)
    try form.convert(0..<bytes.count, depth: 0)
    return form.output
  }

  /// The header of an entity and what it says about its body.
  private struct Entity {
    var type: String
    var boundary: [UInt8]?
    var encoding: String?
    /// The whole field that gives the encoding, its line end included; nil if there is none.
    var encodingField: Range<Int>?
    var isSigned: Bool
    var isMIME: Bool
    /// The end of the last field.
    var fieldsEnd: Int
    var bodyStart: Int
  }

  private mutating func convert(_ range: Range<Int>, depth: Int) throws(Obstacle) {
    guard depth <= Self.deepest else { throw .malformed }
    let entity = entity(in: range)
    let body = entity.bodyStart..<range.upperBound
    guard bytes[body].contains(where: { $0 >= 0x80 }) else {
      output += bytes[range]
      return
    }
    if depth == 0, !entity.isMIME { throw .notMIME }
    if entity.isSigned { throw .signed }
    if let boundary = entity.boundary {
      appendHeader(of: entity, from: range.lowerBound, encoding: "7bit")
      return try convertParts(body, boundary, depth: depth)
    }
    if entity.type.hasPrefix("multipart/") { throw .malformed }
    if entity.type.hasPrefix("message/") {
      appendHeader(of: entity, from: range.lowerBound, encoding: "7bit")
      return try convert(body, depth: depth + 1)
    }
    // Octets above 127 in a body that claims to be encoded already are no valid text.
    if let encoding = entity.encoding, !["7bit", "8bit", "binary"].contains(encoding) { throw .malformed }
    appendHeader(of: entity, from: range.lowerBound, encoding: "quoted-printable")
    var encoded = QuotedPrintableEncoder.encode(bytes[body])
    // The line end before a boundary belongs to the boundary.
    if bytes[body].last != 0x0A { encoded.removeLast(min(2, encoded.count)) }
    output += encoded
  }

  private mutating func convertParts(_ body: Range<Int>, _ boundary: [UInt8], depth: Int) throws(Obstacle) {
    let delimiter = [UInt8(ascii: "-"), UInt8(ascii: "-")] + boundary
    var partStart: Int?
    var index = body.lowerBound
    var isClosed = false
    while index < body.upperBound, !isClosed {
      let end = bytes[index..<body.upperBound].firstIndex(of: 0x0A).map { $0 + 1 } ?? body.upperBound
      if bytes[index..<end].starts(with: delimiter) {
        let rest = bytes[(index + delimiter.count)..<end].filter { ![0x20, 0x09, 0x0D, 0x0A].contains($0) }
        if rest.isEmpty || rest == [0x2D, 0x2D] {
          // A part ends before the line end in front of the delimiter (RFC 2046 section 5.1.1).
          if let start = partStart {
            let partEnd = max(start, index - lineEnd(before: index))
            try convert(start..<partEnd, depth: depth + 1)
            output += bytes[partEnd..<end]
          } else {
            output += bytes[body.lowerBound..<end]
          }
          (partStart, isClosed) = (end, !rest.isEmpty)
        }
      }
      index = end
    }
    guard isClosed else { throw .malformed }
    output += bytes[index..<body.upperBound]
  }

  private func lineEnd(before index: Int) -> Int {
    guard index > 0, bytes[index - 1] == 0x0A else { return 0 }
    return index > 1 && bytes[index - 2] == 0x0D ? 2 : 1
  }

  // MARK: - Headers

  private mutating func appendHeader(of entity: Entity, from start: Int, encoding: String) {
    let field = Array("Content-Transfer-Encoding: \(encoding)\r\n".utf8)
    guard let old = entity.encodingField else {
      // A leaf without the field is 7bit by default (RFC 2045 section 6.1), and so is a multipart.
      let isNeeded = encoding != "7bit"
      output += bytes[start..<entity.fieldsEnd]
      if isNeeded { output += field }
      output += bytes[entity.fieldsEnd..<entity.bodyStart]
      return
    }
    output += bytes[start..<old.lowerBound]
    output += field
    output += bytes[old.upperBound..<entity.bodyStart]
  }

  private func entity(in range: Range<Int>) -> Entity {
    let span = bytes.span
    let header = HeaderBlock(span, in: range)
    var entity = Entity(
      type: "text/plain", isSigned: false, isMIME: header.value(of: "mime-version", in: span) != nil,
      fieldsEnd: header.bodyStart, bodyStart: header.bodyStart)
    if let value = header.value(of: "content-type", in: span) {
      entity.type = word(span.text(value))
      entity.boundary = ContentType(span, value: value).boundary
      if !entity.type.hasPrefix("multipart/") { entity.boundary = nil }
    }
    if let field = header.fields.first(where: { span.equalsIgnoringCase($0.name, "content-transfer-encoding") }) {
      entity.encoding = word(span.text(field.value))
      let line = span.line(at: field.value.upperBound, before: range.upperBound)
      entity.encodingField = field.name.lowerBound..<span.next(after: line, before: range.upperBound)
    }
    // The empty line is between the fields and the body.
    if let last = header.fields.last {
      let line = span.line(at: last.value.upperBound, before: range.upperBound)
      entity.fieldsEnd = min(header.bodyStart, span.next(after: line, before: range.upperBound))
    }
    let kinds = ["multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"]
    entity.isSigned = kinds.contains(entity.type) || header.value(of: "dkim-signature", in: span) != nil
    return entity
  }

  /// Returns the first word of a value, in lower case, without what follows a semicolon.
  private func word(_ value: String) -> String {
    let word = value.prefix { $0 != ";" && $0 != "(" }.filter { !$0.isWhitespace }
    return word.lowercased()
  }
}
