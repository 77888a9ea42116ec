package import MailMessage

/// The sites whose prefix or sender differs from machine to machine (`[web3]`, `root@web3`), as the admin names them
/// with `[site NAME] match`. Nothing is ever taken for the name of a machine by itself: a machine may be called staging.
///
/// A mail is of such a site if what its site is called by (`Site.name`) is the NAME, or if that is a prefix or a sender
/// which matches. So a settings module is never joined with another one. What matches of prefix and sender then no
/// longer tells sites apart; settings module and recipients do.
package struct SiteNaming: Hashable, Sendable {
  /// The patterns by the name of the site.
  package var patterns: [String: [SitePattern]] = [:]

  package init() {}

  /// Returns the name of the site that a mail is of, and whether its prefix and its sender match; nil if it is of none.
  /// If the patterns of several sites match, the site whose name sorts first gets the mail.
  func match(
    settingsModule: String, subjectPrefix: String, sender: String
  ) -> (name: String, prefix: Bool, sender: Bool)? {
    if patterns.isEmpty { return nil }
    let name = [settingsModule, subjectPrefix, sender].first { !$0.isEmpty } ?? ""
    for (site, patterns) in patterns.sorted(by: { $0.key < $1.key }) where settingsModule.isEmpty || site == name {
      let matches = (
        name: site, prefix: !subjectPrefix.isEmpty && patterns.contains { $0.matches(prefix: subjectPrefix) },
        sender: !sender.isEmpty && patterns.contains { $0.matches(sender: sender) }
      )
      guard matches.prefix || matches.sender else { continue }
      let isNamed = site == name || (subjectPrefix.isEmpty ? matches.sender : matches.prefix)
      if isNamed { return matches }
    }
    return nil
  }
}

/// A pattern of `[site NAME] match` for a prefix of the Subject, or, with an `@`, for a sender. In it `*` is any text and
/// `?` one character; everything else is itself, brackets too.
package struct SitePattern: Hashable, Sendable, CustomStringConvertible {
  package let description: String
  private let glob: Glob
  private var isSender: Bool { description.contains("@") }

  package init(_ text: String) throws(Glob.Fault) {
    let literal = text.flatMap { $0 == "[" ? Array("[[]") : [$0] }
    (description, glob) = (text, try Glob(String(literal), ignoresCase: true))
  }

  /// True if nothing in the pattern says which mail is meant.
  package var matchesEverything: Bool { description.allSatisfy { "*?@ ".contains($0) } }

  func matches(prefix: String) -> Bool { !isSender && glob.matches(Array(prefix.utf8)) }

  func matches(sender: String) -> Bool { isSender && glob.matches(Array(sender.utf8)) }
}
