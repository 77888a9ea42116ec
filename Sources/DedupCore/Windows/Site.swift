package import MailMessage

/// The stream of error mail that a window belongs to. Two sites never share a window, so that staging, which often has
/// the ADMINS of production, cannot hide an error of production.
package struct Site: Hashable, Sendable, Codable {
  /// The key of the site, equal for two mails exactly when they belong to the same site.
  package let key: String
  /// The name that an admin uses for the site: the settings module, else the subject prefix, else the sender, unless the
  /// admin gave it another one (`SiteNaming`).
  package let name: String

  /// Creates the site of a mail.
  ///
  /// - Parameters:
  ///   - settingsModule: the settings module as the report names it, e.g. `shop.settings.production`.
  ///   - subjectPrefix: Django's `EMAIL_SUBJECT_PREFIX`, e.g. `[Storefront]`.
  ///   - naming: the sites that the admin made of several prefixes or senders.
  package init(
    settingsModule: String?, subjectPrefix: String?, envelope: Envelope, naming: SiteNaming = SiteNaming()
  ) {
    let (module, prefix, sender) = (settingsModule ?? "", subjectPrefix ?? "", envelope.sender.text)
    let match = naming.match(settingsModule: module, subjectPrefix: prefix, sender: sender)
    let common = match.map { Self.common + Self.escape($0.name) } ?? ""
    let parts = [
      Self.escape(module), match?.prefix == true ? common : Self.escape(prefix),
      match?.sender == true ? common : Self.escape(sender.lowercased()), Self.recipientsKey(of: envelope),
    ]
    key = parts.joined(separator: Self.separator)
    name = match?.name ?? [module, prefix, sender].first { !$0.isEmpty } ?? "unknown"
  }

  private static let separator = "\u{1F}"
  /// The beginning of a part that is equal for all mails whose own part matches. No mail can produce it: `escape` never
  /// writes `=` after an escape character.
  private static let common = "\u{1B}="
  /// The text that is shown in place of such a part.
  fileprivate static let commonText = "(match)"

  /// The part of the key that holds sender and recipients, by which sites and errors are bounded (`SiteBounds`).
  package var envelopeKey: String {
    key.split(separator: Self.separator, maxSplits: 2, omittingEmptySubsequences: false).last.map(String.init) ?? ""
  }

  /// Returns the site that stands for all sites of the envelope with that key that joined (`SiteBounds`). No mail can
  /// produce its key: `escape` never writes this character after an escape character.
  package static func joined(envelopeKey: String, sender: String) -> Site {
    Site(
      key: "\u{1B}joined" + separator + separator + envelopeKey,
      name: "\(sender.isEmpty ? "unknown" : sender) (new sites)")
  }

  private init(key: String, name: String) { (self.key, self.name) = (key, name) }

  /// Returns the key of an envelope, equal for two envelopes exactly when sender and set of recipients are the same,
  /// ignoring case. It is the part of `key` after the second separator.
  package static func envelopeKey(of envelope: Envelope) -> String {
    escape(envelope.sender.text.lowercased()) + separator + recipientsKey(of: envelope)
  }

  private static func recipientsKey(of envelope: Envelope) -> String {
    Set(envelope.recipients.map { $0.text.lowercased() }).sorted().map(escape).joined(separator: "\u{1E}")
  }

  /// Escapes the separators of `key` in one of its parts. Parts come from mail text, and no mail may pass for mail of
  /// another site.
  private static func escape(_ part: String) -> String {
    if !part.utf8.contains(where: { (0x1B...0x1F).contains($0) }) { return part }
    var escaped = ""
    for scalar in part.unicodeScalars {
      switch scalar {
      case "\u{1B}": escaped += "\u{1B}0"
      case "\u{1E}": escaped += "\u{1B}1"
      case "\u{1F}": escaped += "\u{1B}2"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
  /// Reverses `escape`.
  fileprivate static func unescape(_ part: Substring) -> String {
    if part.hasPrefix(common) { return commonText }
    var text = ""
    var isEscaped = false
    for scalar in part.unicodeScalars {
      switch (isEscaped, scalar) {
      case (false, "\u{1B}"): break
      case (true, "0"): text += "\u{1B}"
      case (true, "1"): text += "\u{1E}"
      case (true, "2"): text += "\u{1F}"
      default: text.unicodeScalars.append(scalar)
      }
      isEscaped = !isEscaped && scalar == "\u{1B}"
    }
    return text
  }
}

/// The properties that tell apart sites of one name, for display.
package struct SiteTraits: Hashable, Sendable, Codable {
  /// Django's `EMAIL_SUBJECT_PREFIX`, or empty if the mail has none.
  package var prefix = ""
  /// The sender in lower case. The recipients are in lower case too.
  package var sender = ""
  package var recipients: [String] = []

  package init() {}

  /// Reads the properties from a key. They stay empty if the key does not have four parts.
  ///
  /// - Parameter key: a `Site.key`.
  package init(key: String) {
    let parts = key.split(separator: "\u{1F}", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return }
    (prefix, sender) = (Site.unescape(parts[1]), Site.unescape(parts[2]))
    recipients = parts[3].split(separator: "\u{1E}").map { Site.unescape($0) }
  }

  /// Returns the properties that differ from those of a site in `others`, e.g. `prefix [Shop], to ops@shop.example`, or
  /// nil if all are the same.
  package func difference(from others: some Collection<SiteTraits>) -> String? {
    var words: [String] = []
    if others.contains(where: { $0.prefix != prefix }) {
      words.append(prefix.isEmpty ? "no prefix" : "prefix \(prefix)")
    }
    if others.contains(where: { $0.sender != sender }) { words.append("from \(sender.isEmpty ? "<>" : sender)") }
    if others.contains(where: { $0.recipients != recipients }) {
      words.append("to \(recipients.joined(separator: " "))")
    }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
