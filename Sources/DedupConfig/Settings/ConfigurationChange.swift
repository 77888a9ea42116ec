import DedupCore

/// What is different in a new configuration, and what of that a running relay can take.
package struct ConfigurationChange: Hashable, Sendable {
  /// The ids of the keys whose values differ, in the order of `dedup.conf`; `site` stands for all sites,
  /// `rule` for all rules, `route` for all routes.
  package let keys: [String]
  /// The same with what stood there and what stands there now.
  package let values: [Value]

  /// A key, `route NAME`, `site NAME` or `rule NAME`, as a file has it; of these three all lines, joined by `; `.
  package struct Value: Hashable, Sendable {
    package var key: String
    /// Empty when it was not there.
    package var old: String
    package var new: String
  }

  package init(from old: Configuration, to new: Configuration) {
    let differing = ConfigurationSchema.sections.flatMap(\.keys).filter { $0.text(of: old) != $0.text(of: new) }
    let hasSameRules = old.rules == new.rules && old.window.rules == new.window.rules
    keys =
      differing.map(\.id) + (old.routes == new.routes ? [] : [ConfigurationSchema.routeSection])
      + (old.window.sites == new.window.sites ? [] : [ConfigurationSchema.siteSection])
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

  /// What takes effect at once.
  package var live: [String] { keys.filter { !Self.isFixed($0) } }

  /// What takes effect after a restart: where the data are, and the name that stands in mail on its way.
  package var awaitingRestart: [String] { keys.filter(Self.isFixed) }

  /// Whether mail goes another way now, so that the failures of the old one say nothing any more.
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
  /// The same with what needs a restart as it is in `running`.
  package func keepingWhatIsFixed(in running: Configuration) -> Configuration {
    var copy = self
    copy.listener.hostname = running.listener.hostname
    copy.store.directory = running.store.directory
    copy.store.spool = running.store.spool
    copy.control = running.control
    return copy
  }
}
