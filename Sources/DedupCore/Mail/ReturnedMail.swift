import MailMessage

/// What a notification returns of the mail it is about (RFC 3461 section 4.3, RFC 6522 section 3).
struct ReturnedMail {
  let part: OutgoingPart
  /// What the text says of it.
  let words: String
  /// Whether the part holds octets above 127.
  let isEightBit: Bool

  /// More is not returned to a sender that asked for all of it.
  static let wholeLimit = 1 << 20
  /// Nobody needs more of a header to recognise a mail.
  private static let headerLimit = 65_536

  /// The header; what stands behind it is not looked at.
  init(headerOf original: [UInt8], words: String = "Its header is attached.") {
    self.init(.bytes(Self.header(of: original), type: "text/rfc822-headers"), words, isEightBit: false)
  }

  /// All of it where that can be, else the header, and the reason why.
  ///
  /// - Parameter octets: of the whole mail; `original` may be less.
  init(whole original: [UInt8], octets: Int) {
    guard octets <= Self.wholeLimit, original.count == octets else {
      self.init(headerOf: original, words: "It is too large to be returned; its header is attached.")
      return
    }
    // RFC 2046 section 5.2.1: no encoding could hide from the way what is not fit for it. A header in UTF-8 would need
    // message/global (RFC 6532), which not every host takes.
    guard OutgoingPart.canGoUnencoded(original), HeaderEdit.header(of: original).allSatisfy({ $0 < 0x80 }) else {
      self.init(headerOf: original, words: "It is of a form that cannot be returned whole; its header is attached.")
      return
    }
    self.init(.message(original), "It is attached.", isEightBit: original.contains { $0 >= 0x80 })
  }

  private init(_ part: OutgoingPart, _ words: String, isEightBit: Bool) {
    self.part = part
    self.words = words
    self.isEightBit = isEightBit
  }

  /// Cut at the end of a line.
  private static func header(of original: [UInt8]) -> [UInt8] {
    let header = HeaderEdit.header(of: original)
    guard header.count > headerLimit else { return Array(header) }
    let cut = header.prefix(headerLimit)
    return Array(cut[...(cut.lastIndex(of: 0x0A) ?? cut.startIndex)])
  }
}
