package import MailMessage

/// The conditions for mail to take a route; all of them have to hold.
package struct RouteSelector: Hashable, Sendable {
  /// The patterns of which the recipient matches one; empty: any recipient.
  package var recipients: [Glob] = []
  /// The patterns of which the envelope sender matches one; empty: any sender.
  package var senders: [Glob] = []
  /// The kinds of mail; empty: any kind.
  package var kinds: [MailClass] = []

  package init() {}

  package func matches(sender: EmailAddress, recipient: EmailAddress, kind: QueueEntry.Kind) -> Bool {
    (kinds.isEmpty || kinds.contains(MailClass(kind)))
      && (senders.isEmpty || senders.contains { $0.matches(Array(sender.text.utf8)) })
      && (recipients.isEmpty || recipients.contains { $0.matches(Array(recipient.text.utf8)) })
  }
}

/// The kinds of mail as an admin distinguishes them.
package enum MailClass: String, Hashable, Sendable, CaseIterable {
  /// Mail about errors: reports, and our notices about them.
  case reports
  /// Mail of the site, and kept reports that an admin sends again.
  case ordinary
  /// Summaries, bounces and alerts of the relay.
  case own

  package init(_ kind: QueueEntry.Kind) {
    switch kind {
    case .report, .notice: self = .reports
    case .pass, .copy: self = .ordinary
    case .summary, .bounce, .alert: self = .own
    }
  }
}

/// Replaces envelope senders that the next hop would refuse, e.g. `root@localhost`, by another address.
///
/// With an address whose local part ends in `+`, the sender is appended to it, so that a bounce tells whose mail it
/// was: `root@localhost` becomes `relay+root=localhost@example.org`. A sender that does not fit gives the plain
/// address. A bounce to such an address that comes through the relay goes to the sender it names; bounces of the relay
/// to a sender that cannot be reached go to the replacement address.
package struct SenderRewrite: Hashable, Sendable {
  /// The replacement address; its local part may end in `+`.
  package var address: EmailAddress
  /// The senders that are replaced.
  package var senders: [Glob]

  package init(address: EmailAddress, senders: [Glob]) {
    self.address = address
    self.senders = senders
  }

  /// Returns the sender that goes out in place of `sender`.
  package func outgoing(_ sender: EmailAddress) -> EmailAddress {
    applies(to: sender) ? replacement(of: sender) : sender
  }

  /// Returns the address that gets a mail for `recipient`.
  ///
  /// - Parameters:
  ///   - sender: the sender of the mail; only bounces (with the null sender) are redirected.
  ///   - isOurBounce: true if this relay wrote the bounce.
  package func destination(of recipient: EmailAddress, sender: EmailAddress, isOurBounce: Bool) -> EmailAddress {
    guard sender.isNull else { return recipient }
    if isOurBounce { return applies(to: recipient) ? replacement(of: recipient) : recipient }
    guard let original = original(of: recipient), !applies(to: original) else { return recipient }
    return original
  }

  private func applies(to sender: EmailAddress) -> Bool {
    !sender.isNull && senders.contains { $0.matches(Array(sender.text.utf8)) }
  }

  private var hasPlace: Bool { local.last == "+" }
  private var local: Substring { address.text[..<(address.text.lastIndex(of: "@") ?? address.text.endIndex)] }
  private var domain: Substring { address.text[(address.text.lastIndex(of: "@") ?? address.text.startIndex)...] }
  private var plain: EmailAddress {
    hasPlace ? EmailAddress(String(local.dropLast()) + domain) : address
  }

  /// The longest local part, in octets (RFC 5321 section 4.5.3.1.1).
  private static let longestLocal = 64

  private func replacement(of sender: EmailAddress) -> EmailAddress {
    guard hasPlace, let at = sender.text.lastIndex(of: "@") else { return plain }
    let name = sender.text[..<at] + "=" + sender.text[sender.text.index(after: at)...]
    guard name.utf8.allSatisfy(Self.isPlain), !name.hasPrefix("."), !name.contains(".."),
      local.utf8.count + name.utf8.count <= Self.longestLocal
    else { return plain }
    return EmailAddress(String(local) + name + domain)
  }

  private func original(of recipient: EmailAddress) -> EmailAddress? {
    guard hasPlace, let at = recipient.text.lastIndex(of: "@"),
      recipient.text[at...].lowercased() == domain.lowercased(),
      // Only the relay gives this address its meaning, and some servers write bounces to it in another case.
      recipient.text[..<at].utf8.prefix(local.utf8.count).elementsEqual(local.utf8, by: Self.isSameLetter)
    else { return nil }
    let name = recipient.text[..<at].utf8.dropFirst(local.utf8.count)
    return original(named: name)
  }

  private static func isSameLetter(_ one: UInt8, _ other: UInt8) -> Bool {
    func small(_ octet: UInt8) -> UInt8 { (0x41...0x5A).contains(octet) ? octet | 0x20 : octet }
    return small(one) == small(other)
  }

  private func original(named octets: Substring.UTF8View.SubSequence) -> EmailAddress? {
    let name = Substring(octets)
    guard let equals = name.lastIndex(of: "="), equals > name.startIndex, name.index(after: equals) < name.endIndex
    else { return nil }
    let text = name[..<equals] + "@" + name[name.index(after: equals)...]
    return try? EmailAddress.parse(String(text))
  }

  /// Returns true if an octet fits into a local part without quotes (RFC 5321 section 4.1.2, Atom and its dots).
  private static func isPlain(_ octet: UInt8) -> Bool {
    switch octet {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: Array(".!#$%&'*+-/=?^_`{|}~".utf8).contains(octet)
    }
  }
}
