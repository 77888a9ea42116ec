/// A mail on its way into an S/MIME envelope (RFC 8551 section 3): the part that is encrypted, and the part that stays
/// outside.
///
/// The fields that describe the body, and the body, go inside byte for byte. All other fields stay outside, for mail
/// servers and for lists of mails. With a hidden Subject the true one goes inside as RFC 9788 specifies
/// (`hp="cipher"`), with the fields that a reader is shown and the outer value of each of them; the older mark
/// `protected-headers="v1"` is added too, for clients that know only that.
package struct EnvelopedMail: Sendable {
  /// The MIME entity to be encrypted.
  package let content: [UInt8]
  /// The fields outside, without those of the envelope.
  private let header: [UInt8]

  /// Splits a mail; nil if it is encrypted already. A mail that is only signed is not: its signature goes inside,
  /// whole.
  ///
  /// - Parameters:
  ///   - message: the whole mail, with CRLF.
  ///   - neutral: the text that replaces the Subject outside; nil to keep the Subject there.
  package init?(_ message: [UInt8], hidingSubjectBehind neutral: String? = nil) {
    let split = HeaderSplit(message)
    guard !split.isEncrypted else { return nil }
    var outside = split.fields.filter { !$0.isStructural }
    var inside = split.fields.filter { $0.name.hasPrefix("content-") }
    var protected: [UInt8] = []
    if let neutral {
      let shown = outside.filter(\.isShownToReaders)
      outside = outside.map { $0.name == "subject" ? .init("subject", HeaderWriter.text("Subject", neutral)) : $0 }
      protected = Self.joined(shown)
      for field in outside where field.isShownToReaders { protected += Array("HP-Outer: ".utf8) + field.octets }
      Self.mark(&inside)
    }
    header = split.above + Self.joined(outside)
    content = protected + Self.joined(inside) + Self.lineEnd + split.body
  }

  /// Returns the mail to send.
  ///
  /// - Parameter envelope: the encrypted content (CMS EnvelopedData), in lines of base64.
  package func message(around envelope: [UInt8]) -> [UInt8] {
    header + Self.fields + Self.lineEnd + envelope
  }

  /// The fields of the envelope (RFC 8551 section 3.3). The file names are for clients that go by them (section 3.2.1).
  private static let fields: [UInt8] =
    HeaderWriter.folded("MIME-Version", ["1.0"])
    + HeaderWriter.folded(
      "Content-Type", ["application/pkcs7-mime;", "smime-type=enveloped-data;", "name=\"smime.p7m\""])
    + HeaderWriter.folded("Content-Transfer-Encoding", ["base64"])
    + HeaderWriter.folded("Content-Disposition", ["attachment;", "filename=\"smime.p7m\""])

  private static let lineEnd: [UInt8] = [0x0D, 0x0A]

  private static func joined(_ fields: [HeaderSplit.Field]) -> [UInt8] { fields.flatMap(\.octets) }

  /// Marks the Content-Type to say that the fields beside it count, not those outside.
  private static func mark(_ fields: inout [HeaderSplit.Field]) {
    let parameters = Array(";\r\n hp=\"cipher\"; protected-headers=\"v1\"\r\n".utf8)
    guard let place = fields.firstIndex(where: { $0.name == "content-type" }) else {
      // The type of a body without the field (RFC 2045 section 5.2).
      return fields.append(.init("content-type", Array("Content-Type: text/plain".utf8) + parameters))
    }
    let closing: Set<UInt8> = [0x0D, 0x0A, 0x20, 0x09, UInt8(ascii: ";")]
    var octets = fields[place].octets
    while let last = octets.last, closing.contains(last) { octets.removeLast() }
    fields[place].octets = octets + parameters
  }
}

/// The fields of a header as written, and the body.
private struct HeaderSplit {
  struct Field {
    /// The name in lower case.
    let name: String
    /// The whole field with its line ends.
    var octets: [UInt8]

    /// Creates a field, adding a line end if it has none: a mail may end within its last field.
    init(_ name: String, _ octets: [UInt8]) {
      self.name = name
      self.octets = octets.last == 0x0A ? octets : octets + [0x0D, 0x0A]
    }

    /// True if the field belongs to the body below it (RFC 9788 section 1.1.1).
    var isStructural: Bool { name.hasPrefix("content-") || name == "mime-version" }

    var isShownToReaders: Bool {
      ["from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"].contains(name)
    }
  }

  /// The octets above the first field, if any.
  let above: ArraySlice<UInt8>
  let fields: [Field]
  let body: ArraySlice<UInt8>
  let isEncrypted: Bool

  init(_ message: [UInt8]) {
    let scan = HeaderScan(message)
    let starts = scan.fields.map(\.name.lowerBound)
    let ends = starts.dropFirst() + [scan.end]
    above = message[..<(starts.first ?? scan.end)]
    fields = zip(scan.fields, zip(starts, ends)).map { field, octets in
      Field(String(decoding: message[field.name], as: UTF8.self).lowercased(), Array(message[octets.0..<octets.1]))
    }
    body = Self.body(of: message, from: scan.end)
    isEncrypted = HeaderEdit.isEncrypted(scan, message)
  }

  /// Returns the octets after the empty line, or from the line on that can be no part of a header.
  private static func body(of message: [UInt8], from end: Int) -> ArraySlice<UInt8> {
    let rest = message[end...]
    for lineEnd in [[0x0D, 0x0A], [0x0A]] as [[UInt8]] where rest.starts(with: lineEnd) {
      return rest.dropFirst(lineEnd.count)
    }
    return rest
  }
}
