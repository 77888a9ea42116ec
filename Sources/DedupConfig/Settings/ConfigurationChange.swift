import DedupCore

/// The differences of a new configuration, and which of them a running relay can apply.
package struct ConfigurationChange: Hashable, Sendable {
  /// The ids of the keys whose values differ, in the order of `dedup.conf`; `site` stands for all sites,
  /// `rule` for all rules, `route` for all routes.
  package let keys: [String]
  /// The keys and sections that differ, with their old and new text.
  package let values: [Value]

  /// The old and the new text of a key, or of a `route NAME`, `site NAME` or `rule NAME` section as a file has it;
  /// the lines of a section are joined by `; `.
  package struct Value: Hashable, Sendable {
    package var key: String
    /// The old text; empty if the key or section was absent.
    package var old: String
    package var new: String
  }

  package init(from old: Configuration, to new: Configuration) {
    let differing = ConfigurationSchema.sections.flatMap(\.keys).filter { $0.text(of: old) != $0.text(of: new) }
    let hasSameRules = old.rules == new.rules && old.window.rules == new.window.rules
    keys =
      differing.map(\.id) + (old.routes == new.routes ? [] : [ConfigurationSchema.routeSection])
      + (old.window.sites == new.window.sites && old.sites == new.sites ? [] : [ConfigurationSchema.siteSection])
      + (hasSameRules ? [] : [ConfigurationSchema.ruleSection])
    values =
      differing.map { Value(key: $0.id, old: $0.text(of: old), new: $0.text(of: new)) }
      + Self.sections(of: old, new)
  }

  private static func sections(of old: Configuration, _ new: Configuration) -> [Value] {
    let (before, after) = (ConfigurationReference.named(old), ConfigurationReference.named(new))
    let names = before.map(\.name) + after.map(\.name).filter { name in !before.contains { $0.name == name } }
    return names.compactMap { name in
      let (was, becomes) = (before.first { $0.name == name }?.text ?? "", after.first { $0.name == name }?.text ?? "")
      return was == becomes ? nil : Value(key: name, old: was, new: becomes)
    }
  }

  /// The keys that take effect at once.
  package var live: [String] { keys.filter { !Self.isFixed($0) } }

  /// The keys that take effect after a restart: where the data are, how it is controlled, and the host name in mail
  /// under way.
  package var awaitingRestart: [String] { keys.filter(Self.isFixed) }

  /// True if the change affects where or how mail is delivered, so that earlier delivery failures no longer apply.
  package var concernsRoute: Bool { keys.contains(where: Self.route.contains) }

  private static func isFixed(_ key: String) -> Bool {
    fixed.contains(key)
  }

  private static let fixed: Set = [
    "listener.hostname", "control.socket", "control.socket-group", "control.address", "control.token-file",
    "store.directory", "store.spool",
  ]

  private static let route: Set = [
    "delivery.smarthost", "delivery.tls", "delivery.ca-file", "delivery.verify-certificate", "delivery.username",
    "delivery.password-file", "delivery.oauth-token-file", "delivery.oauth-token-command", "delivery.maildir",
    "delivery.discard", "delivery.sender-rewrite", "delivery.sender-rewrite-for", "delivery.rate", "delivery.daily",
    ConfigurationSchema.routeSection,
  ]
}

extension Configuration {
  /// Returns this configuration with the keys that need a restart as they are in `running`.
  package func keepingWhatIsFixed(in running: Configuration) -> Configuration {
    var copy = self
    copy.listener.hostname = running.listener.hostname
    copy.store.directory = running.store.directory
    copy.store.spool = running.store.spool
    copy.control = running.control
    return copy
  }
}
