/// All sections and keys, in the order of `dedup.conf`.
package enum ConfigurationSchema {
  package static let sections = [
    listener, delivery, window, reports, summary, access, tls, auth, encryption, store, fleet, control, log, limits,
  ]

  /// The name of the sections that define one rule each; see `RuleSchema`.
  static let ruleSection = "rule"

  /// The name of the sections that define one route each; see `RouteReader`.
  static let routeSection = "route"

  /// The name of the sections that define one site each; see `OverrideKey.ofSites`.
  static let siteSection = "site"

  /// Returns the section with this name, or nil if there is none.
  package static func section(_ name: String) -> ConfigurationSection? { sections.first { $0.name == name } }

  /// Returns the key with an id like `window.length`, or nil if there is none.
  package static func key(_ id: String) -> ConfigurationKey? {
    sections.lazy.flatMap(\.keys).first { $0.id == id }
  }
}
