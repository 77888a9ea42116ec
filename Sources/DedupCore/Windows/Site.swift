package import MailMessage

/// The stream of error mail a window belongs to. Two sites never share a window, so that staging, which often has
/// the ADMINS of production, cannot hide an error of production.
package struct Site: Hashable, Sendable, Codable {
  /// Equal for two mails exactly when they are of one site.
  package let key: String
  /// What an admin calls it: the settings module, else the subject prefix, else the sender.
  package let name: String

  /// - Parameters:
  ///   - settingsModule: as the report names it, e.g. `shop.settings.production`.
  ///   - subjectPrefix: Django's `EMAIL_SUBJECT_PREFIX`, e.g. `[Storefront]`.
  package init(settingsModule: String?, subjectPrefix: String?, envelope: Envelope) {
    let parts = [settingsModule ?? "", subjectPrefix ?? ""].map(Self.escape)
    key = (parts + [Self.envelopeKey(of: envelope)]).joined(separator: Self.separator)
    let names = [settingsModule, subjectPrefix, envelope.sender.text]
    name = names.compactMap { $0 }.first { !$0.isEmpty } ?? "unknown"
  }

  private static let separator = "\u{1F}"

  /// Stands for the sites that joined (`SiteBounds`) of the envelope with that key. No mail can name it: what `escape`
  /// writes never has this behind an escape character.
  package static func joined(envelopeKey: String, sender: String) -> Site {
    Site(
      key: "\u{1B}joined" + separator + separator + envelopeKey,
      name: "\(sender.isEmpty ? "unknown" : sender) (new sites)")
  }

  private init(key: String, name: String) { (self.key, self.name) = (key, name) }

  /// Equal for two envelopes exactly when sender and set of recipients are the same but for capitals. Behind the second
  /// separator of `key`.
  package static func envelopeKey(of envelope: Envelope) -> String {
    let recipients = Set(envelope.recipients.map { $0.text.lowercased() }).sorted().map(escape)
    return escape(envelope.sender.text.lowercased()) + separator + recipients.joined(separator: "\u{1E}")
  }

  /// Keeps the separators of `key` out of its parts: they come from mail text, and no mail may look like another site's.
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
  /// The inverse of `escape`.
  fileprivate static func unescape(_ part: Substring) -> String {
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

/// What tells sites of one name apart, for people to see.
package struct SiteTraits: Hashable, Sendable, Codable {
  /// Django's `EMAIL_SUBJECT_PREFIX`; empty where the mail has none.
  package var prefix = ""
  /// In lower case, as the recipients.
  package var sender = ""
  package var recipients: [String] = []

  package init() {}

  /// - Parameter key: a `Site.key`.
  package init(key: String) {
    let parts = key.split(separator: "\u{1F}", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return }
    (prefix, sender) = (Site.unescape(parts[1]), Site.unescape(parts[2]))
    recipients = parts[3].split(separator: "\u{1E}").map { Site.unescape($0) }
  }

  /// What of these is another one in `others`, e.g. `prefix [Shop], to ops@shop.example`; nil when all are the same.
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
