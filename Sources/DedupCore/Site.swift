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
    let recipients = Set(envelope.recipients.map { $0.text.lowercased() }).sorted().joined(separator: ",")
    let sender = envelope.sender.text.lowercased()
    key = [settingsModule ?? "", subjectPrefix ?? "", sender, recipients].joined(separator: "\u{1F}")
    let names = [settingsModule, subjectPrefix, envelope.sender.text]
    name = names.compactMap { $0 }.first { !$0.isEmpty } ?? "unknown"
  }
}
