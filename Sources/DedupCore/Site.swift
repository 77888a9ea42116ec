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
    let recipients = Set(envelope.recipients.map { $0.text.lowercased() }).sorted().map(Self.escape)
    let sender = envelope.sender.text.lowercased()
    let parts = [settingsModule ?? "", subjectPrefix ?? "", sender].map(Self.escape)
    key = (parts + [recipients.joined(separator: "\u{1E}")]).joined(separator: "\u{1F}")
    let names = [settingsModule, subjectPrefix, envelope.sender.text]
    name = names.compactMap { $0 }.first { !$0.isEmpty } ?? "unknown"
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
}
