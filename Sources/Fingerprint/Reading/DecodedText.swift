import MailMessage

/// The decoded text of a part, with LF at the ends of its lines.
///
/// A text beyond the limit is read at its beginning and its end only, which is enough to tell whether it may be a report.
/// The part left out may be all that Django wrote, so nothing more is concluded from the rest. Line ends are kept.
struct DecodedText: Sendable, Equatable {
  var octets: [UInt8]
  /// True if a part in the middle is left out.
  var isAbridged = false

  /// The number of octets, as transmitted, that are read at the end of a larger text.
  private static let tailOctets = 256 * 1024

  init(octets: [UInt8], isAbridged: Bool = false) {
    self.octets = octets
    self.isAbridged = isAbridged
  }

  /// Decodes a part. Returns nil if it cannot be decoded.
  ///
  /// - Parameter limit: the number of octets of text up to which it is read whole.
  init?(_ bytes: borrowing Span<UInt8>, _ part: MIMEPart, limit: Int) {
    let body = part.body
    // Beyond twice the limit, little but escapes and soft line breaks could make it fit.
    if body.count <= 2 * limit, let whole = part.encoding.decode(bytes, body, limit: limit) {
      self.init(octets: whole)
      return
    }
    guard body.count > limit, limit > 2 * Self.tailOctets else { return nil }
    let stop = bytes.lastIndex(
      of: UInt8(ascii: "\n"),
      in: body.lowerBound..<Swift.min(body.upperBound, body.lowerBound + limit - Self.tailOctets))
    let start = bytes.firstIndex(of: UInt8(ascii: "\n"), in: (body.upperBound - Self.tailOctets)..<body.upperBound)
    guard let stop, let start, stop < start,
      var head = part.encoding.decode(bytes, body.lowerBound..<stop, limit: limit),
      let tail = part.encoding.decode(bytes, (start + 1)..<body.upperBound, limit: limit)
    else { return nil }
    head.append(UInt8(ascii: "\n"))
    // A line of quoted-printable may be the middle of a text line.
    if let first = tail.firstIndex(of: UInt8(ascii: "\n")) { head += tail[(first + 1)...] }
    self.init(octets: head, isAbridged: true)
  }
}
