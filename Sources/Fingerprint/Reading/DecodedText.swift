import MailMessage

/// The text of a part, decoded, with LF at the ends of its lines.
///
/// Of a text beyond the limit the beginning and the end are read, which tell whether it may be a report. Line ends stay line
/// ends. What is left out may be all that Django wrote, so nothing more follows from the rest.
struct DecodedText: Sendable, Equatable {
  var octets: [UInt8]
  /// Whether something in the middle is left out.
  var isAbridged = false

  /// How much of the end of a larger text is read, in octets as they travel.
  private static let tailOctets = 256 * 1024

  init(octets: [UInt8], isAbridged: Bool = false) {
    self.octets = octets
    self.isAbridged = isAbridged
  }

  /// Nil when the part cannot be decoded.
  ///
  /// - Parameter limit: octets of text that are read whole.
  init?(_ bytes: borrowing Span<UInt8>, _ part: MIMEPart, limit: Int) {
    let body = part.body
    // Beyond twice the limit little but escapes and soft line breaks could make it fit.
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
    // A line of quoted-printable may be the middle of one.
    if let first = tail.firstIndex(of: UInt8(ascii: "\n")) { head += tail[(first + 1)...] }
    self.init(octets: head, isAbridged: true)
  }
}
