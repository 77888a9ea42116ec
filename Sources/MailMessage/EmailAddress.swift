/// An address of the envelope, without the angle brackets: `local@domain`, `postmaster`, or nothing at all.
package struct EmailAddress: Hashable, Sendable, Codable {
  /// The address as the client wrote it. The local part is case-sensitive by RFC 5321 section 2.4 and is kept.
  package let text: String

  /// Takes the text unchecked; `EmailAddress.parse` checks it.
  package init(_ text: String) { self.text = text }

  /// The null reverse-path `<>`, for mail that must never be answered by a bounce.
  package static let null = EmailAddress("")

  /// True if this is `<>`.
  package var isNull: Bool { text.isEmpty }

  /// The form in which the address is sent to others: a local part with dots at its ends or in a row is no `Dot-string`
  /// and is put in quotes (RFC 5321 section 4.1.2), which name the same mailbox. Any other is as the client wrote it.
  package var quoted: String {
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return text }
    let local = text.utf8[..<at]
    let isPlain = local.first != UInt8(ascii: "\"") && local.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x5C }
    let dot = UInt8(ascii: ".")
    let hasDotPair = zip(local, local.dropFirst()).contains { $0 == dot && $1 == dot }
    let hasStrayDots = hasDotPair || local.first == dot || local.last == dot
    return isPlain && hasStrayDots ? "\"\(text[..<at])\"\(text[at...])" : text
  }

  /// The part behind the `@`, in lower case; empty if there is no `@`.
  package var domain: String { text.lastIndex(of: "@").map { text[text.index(after: $0)...].lowercased() } ?? "" }

  /// True if the address can be sent without SMTPUTF8 (RFC 6531).
  package var isASCII: Bool { text.utf8.allSatisfy { $0 < 0x80 } }

  package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension EmailAddress: CustomStringConvertible {
  package var description: String { text }
}

// MARK: - Parsing (RFC 5321 section 4.1.2, with the UTF-8 of RFC 6531 section 3.3)

extension EmailAddress {
  /// The reason why a text is no address.
  package enum SyntaxFault: String, Error, Hashable, Sendable, CaseIterable {
    case noBrackets = "the address does not stand in angle brackets"
    case unclosed = "the address is not closed by an angle bracket"
    case empty = "the address is empty"
    case badRoute = "the source route is malformed"
    case badLocalPart = "the local part is malformed"
    case unclosedQuote = "the quoted local part is malformed"
    case localPartTooLong = "the local part is too long"
    case noDomain = "the address has no domain"
    case badDomain = "the domain is malformed"
    case domainTooLong = "the domain is too long"
    case badLiteral = "the address literal is malformed"
    case trailing = "something follows the address"
    case needsUTF8 = "the address is not ASCII and SMTPUTF8 was not asked for"
    case badUTF8 = "the address is not valid UTF-8"
  }

  /// The kind of a path: reverse in MAIL, which alone allows `<>`, or forward in RCPT, which alone allows
  /// `<postmaster>`.
  package enum Direction: Hashable, Sendable { case reverse, forward }

  /// Parses a mailbox without angle brackets: `local@domain`, `"quoted local"@domain`, `local@[192.0.2.1]`.
  package static func parse(
    _ text: some StringProtocol, allowingUTF8: Bool = true
  ) throws(SyntaxFault) -> EmailAddress {
    var reader = PathReader(Array(text.utf8)[...], allowingUTF8: allowingUTF8)
    let address = try reader.mailbox()
    guard reader.rest.isEmpty else { throw .trailing }
    return address
  }

  /// Parses the path at the start of `bytes`: `<…>`, with a source route stripped as RFC 5321 appendix C asks.
  ///
  /// - Parameters:
  ///   - allowingUTF8: true if SMTPUTF8 is in force. For the sender that is known only after the path, so the caller
  ///     allows UTF-8 and checks `isASCII` once it has read the parameters.
  ///   - allowingBareAddresses: true to accept an address without the brackets, up to a space or the end. RFC 5321
  ///     section 4.1.1.2 has no such form; scripts and devices write it, and other servers accept it.
  /// - Returns: the address and what follows it.
  package static func parsePath(
    _ bytes: ArraySlice<UInt8>, _ direction: Direction, allowingUTF8: Bool, allowingBareAddresses: Bool = false
  ) throws(SyntaxFault) -> (address: EmailAddress, rest: ArraySlice<UInt8>) {
    var reader = PathReader(bytes, allowingUTF8: allowingUTF8)
    guard reader.skip(UInt8(ascii: "<")) else {
      guard allowingBareAddresses, let first = bytes.first, first != UInt8(ascii: " ") else { throw .noBrackets }
      return (try reader.bareMailbox(direction), reader.rest)
    }
    if reader.skip(UInt8(ascii: ">")) {
      guard direction == .reverse else { throw .empty }
      return (.null, reader.rest)
    }
    try reader.sourceRoute()
    let address: EmailAddress
    // RFC 5321 section 4.1.1.3: `RCPT TO:<postmaster>` has no domain and has to work, in any case of letters.
    if direction == .forward, let name = reader.postmaster(before: UInt8(ascii: ">")) {
      address = name
    } else {
      address = try reader.mailbox()
    }
    guard reader.skip(UInt8(ascii: ">")) else { throw reader.rest.isEmpty ? .unclosed : .badDomain }
    return (address, reader.rest)
  }
}

/// Reads a path from left to right, so that a `>` or `@` inside a quoted local part ends nothing.
private struct PathReader {
  var rest: ArraySlice<UInt8>
  let allowingUTF8: Bool

  /// The limit on the local part. It is higher than the 64 octets of RFC 5321 section 4.5.3.1.1, which asks to avoid
  /// such limits: senders made by VERP and SRS are longer, and a refused recipient is silently lost by Django.
  static let localPartLimit = 256
  /// The limit on the domain (RFC 5321 section 4.5.3.1.2); that on the labels is from RFC 1035 section 2.3.4.
  static let domainLimit = 255
  static let labelLimit = 63

  init(_ bytes: ArraySlice<UInt8>, allowingUTF8: Bool) {
    rest = bytes
    self.allowingUTF8 = allowingUTF8
  }

  mutating func skip(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  mutating func mailbox() throws(EmailAddress.SyntaxFault) -> EmailAddress {
    let start = rest
    if rest.first == UInt8(ascii: "\"") { try quotedString() } else { try dotString() }
    guard rest.startIndex - start.startIndex <= Self.localPartLimit else { throw .localPartTooLong }
    guard skip(UInt8(ascii: "@")) else {
      throw rest.isEmpty || rest.first == UInt8(ascii: ">") ? .noDomain : .badLocalPart
    }
    if rest.first == UInt8(ascii: "[") { try literal() } else { try domain() }
    guard let text = String(validating: start[..<rest.startIndex], as: UTF8.self) else { throw .badUTF8 }
    return EmailAddress(text)
  }

  /// Reads an address without brackets, before a space or the end.
  mutating func bareMailbox(_ direction: EmailAddress.Direction) throws(EmailAddress.SyntaxFault) -> EmailAddress {
    let end = UInt8(ascii: " ")
    if direction == .forward, let name = postmaster(before: end) { return name }
    let address = try mailbox()
    guard rest.isEmpty || rest.first == end else { throw .badDomain }
    return address
  }

  /// Skips a source route, `@one.example,@two.example:`.
  mutating func sourceRoute() throws(EmailAddress.SyntaxFault) {
    guard rest.first == UInt8(ascii: "@") else { return }
    while skip(UInt8(ascii: "@")) {
      do { try domain() } catch { throw .badRoute }
      if skip(UInt8(ascii: ":")) { return }
      guard skip(UInt8(ascii: ",")) else { throw .badRoute }
    }
    throw .badRoute
  }

  mutating func postmaster(before end: UInt8) -> EmailAddress? {
    let name = rest.prefix(10)
    let next = rest.dropFirst(10).first
    guard next == end || next == nil && end == UInt8(ascii: " "),
      name.elementsEqual("postmaster".utf8, by: { asciiLowercased($0) == $1 })
    else { return nil }
    rest = rest.dropFirst(10)
    return EmailAddress(String(decoding: name, as: UTF8.self))
  }

  /// Reads a `Dot-string` of RFC 5321, with dots anywhere: Japanese carriers gave out `hoge.@…` and `try..this@…`,
  /// and such addresses have mailboxes. `EmailAddress.quoted` is the form in which they are passed on.
  private mutating func dotString() throws(EmailAddress.SyntaxFault) {
    try atom({ Self.isAtomText($0) || $0 == UInt8(ascii: ".") }, .badLocalPart)
  }

  private mutating func domain() throws(EmailAddress.SyntaxFault) {
    let start = rest.startIndex
    repeat {
      let label = rest.startIndex
      try atom(Self.isDomainText, .badDomain)
      guard rest.startIndex - label <= Self.labelLimit else { throw .domainTooLong }
    } while skip(UInt8(ascii: "."))
    guard rest.startIndex - start <= Self.domainLimit else { throw .domainTooLong }
  }

  /// Reads at least one octet that `isMember` or, where allowed, is part of UTF-8.
  private mutating func atom(
    _ isMember: (UInt8) -> Bool, _ fault: EmailAddress.SyntaxFault
  ) throws(EmailAddress.SyntaxFault) {
    let end = rest.firstIndex { !isMember($0) && $0 < 0x80 } ?? rest.endIndex
    guard end > rest.startIndex else { throw fault }
    if !allowingUTF8, rest[..<end].contains(where: { $0 >= 0x80 }) { throw .needsUTF8 }
    rest = rest[end...]
  }

  /// Reads a `Quoted-string` of RFC 5321: printable ASCII and spaces; a backslash quotes one of them.
  private mutating func quotedString() throws(EmailAddress.SyntaxFault) {
    rest.removeFirst()
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"):
        guard let quoted = rest.popFirst(), (0x20...0x7E).contains(quoted) else { throw .unclosedQuote }
      case 0x20...0x7E: continue
      case 0x80...: if !allowingUTF8 { throw .needsUTF8 }
      default: throw .unclosedQuote
      }
    }
    throw .unclosedQuote
  }

  /// Reads an address literal, `[192.0.2.1]` or `[IPv6:2001:db8::1]`; no other tag is registered.
  private mutating func literal() throws(EmailAddress.SyntaxFault) {
    guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { throw .badLiteral }
    let inner = rest[rest.index(after: rest.startIndex)..<end]
    let isIPv6 = inner.prefix(5).elementsEqual("ipv6:".utf8, by: { asciiLowercased($0) == $1 })
    guard isIPv6 ? AddressLiteral.isIPv6(inner.dropFirst(5)) : AddressLiteral.isIPv4(inner) else { throw .badLiteral }
    rest = rest[rest.index(after: end)...]
  }

  /// True for `atext` of RFC 5322 section 3.2.3.
  private static func isAtomText(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }
  }

  /// True for letters, digits, hyphen and underscore. RFC 5321 has no underscore, but container hosts have names like
  /// `web_1`, and Django sends as `root@` such a host.
  private static func isDomainText(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// Lowercases letters only: setting bit 5 of every octet would make control characters equal to digits and punctuation.
private func asciiLowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

/// The two kinds of address literal (RFC 5321 section 4.1.3).
private enum AddressLiteral {
  static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
      }
  }

  /// True for eight groups, some of which `::` may replace, the last two perhaps as an IPv4 address.
  static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
    var groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard groups.count >= 3, groups.count <= 9 else { return false }
    // In `::1` and `1::` there is an empty group at the edge, which the empty one beside it already stands for.
    if groups[0].isEmpty { if groups[1].isEmpty { groups.removeFirst() } else { return false } }
    if groups[groups.count - 1].isEmpty {
      if groups[groups.count - 2].isEmpty { groups.removeLast() } else { return false }
    }
    var size = 0
    for (index, group) in groups.enumerated() {
      if index == groups.count - 1, isIPv4(group) { size += 2; continue }
      guard group.count <= 4, group.allSatisfy(isHexDigit) else { return false }
      if !group.isEmpty { size += 1 }
    }
    switch groups.count(where: \.isEmpty) {
    case 0: return size == 8
    case 1: return size <= 7
    default: return false
    }
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
  }
}
