/// The `dedup.conf` for a new user: the keys that most admins look at, each with one sentence of the schema.
extension ConfigurationReference {
  /// The keys of the short file, in its order; the others are in `dedup.conf.example`.
  static let shortKeys = [
    "listener.address", "access.networks", "delivery.smarthost", "delivery.username", "delivery.password-file",
    "delivery.maildir", "window.length", "window.storm-cap", "summary.time", "summary.to", "store.directory",
    "store.spool", "control.socket",
  ]

  /// Returns the short file, which reads back as the defaults.
  package static func renderShort() -> String {
    let standard = Configuration()
    var lines = shortOpening.flatMap { comment($0) }
    for section in sortedSections {
      lines += ["", "[\(section.name)]"]
      for key in section.keys {
        let line = assignment(key, standard)
        lines += comment(firstSentence(key.explanation)) + [key.isEssential ? line : "#" + line]
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static var sortedSections: [(name: String, keys: [ConfigurationKey])] {
    shortKeys.compactMap { ConfigurationSchema.key($0) }.reduce(into: []) { sections, key in
      if sections.last?.name == key.section {
        sections[sections.count - 1].keys.append(key)
      } else {
        sections.append((key.section, [key]))
      }
    }
  }

  private static func firstSentence(_ text: String) -> String {
    guard let end = text.firstRange(of: ". ") else { return text }
    return String(text[..<end.lowerBound]) + "."
  }

  private static let shortOpening = [
    """
    MailDedup stands between Django and the mail server: it forwards the first mail of each error, counts the others \
    and leaves all other mail as it is. One line has to be set: smarthost.
    """,
    """
    dedup.conf.example and the manual page dedup.conf(5) have every setting. maildedup --check-config tests a change, \
    dedupctl reload puts it in force. #key = value is the default.
    """,
  ]
}
