import MailMessage

/// The part of the original mail that a notification returns (RFC 3461 section 4.3, RFC 6522 section 3).
struct ReturnedMail {
  let part: OutgoingPart
  /// The sentence about the returned part in the text of the notification.
  let words: String
  /// True if the part holds octets above 127.
  let isEightBit: Bool

  /// The largest size in octets of a mail that is returned whole, to a sender that asked for it.
  static let wholeLimit = 1 << 20
  /// The largest number of octets of a returned header, more than enough to recognise a mail.
  private static let headerLimit = 65_536

  /// Returns only the header. The rest of `original` is not read.
  init(headerOf original: [UInt8], words: String = "Its header is attached.") {
    self.init(.bytes(Self.header(of: original), type: "text/rfc822-headers"), words, isEightBit: false)
  }

  /// Returns the whole mail if possible, else the header and the reason.
  ///
  /// - Parameter octets: the size of the whole mail. `original` may hold less.
  init(whole original: [UInt8], octets: Int) {
    guard octets <= Self.wholeLimit, original.count == octets else {
      self.init(headerOf: original, words: "It is too large to be returned; its header is attached.")
      return
    }
    // RFC 2046 section 5.2.1: no encoding may be applied to make a message fit the transport. A header in UTF-8 would
    // need message/global (RFC 6532), which not every host accepts.
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

  /// Returns the header, cut at the end of a line if it is too long.
  private static func header(of original: [UInt8]) -> [UInt8] {
    let header = HeaderEdit.header(of: original)
    guard header.count > headerLimit else { return Array(header) }
    let cut = header.prefix(headerLimit)
    return Array(cut[...(cut.lastIndex(of: 0x0A) ?? cut.startIndex)])
  }
}
