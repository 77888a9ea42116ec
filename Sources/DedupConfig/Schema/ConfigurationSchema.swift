/// All sections and keys, in the order of `dedup.conf`.
package enum ConfigurationSchema {
  package static let sections = [
    listener, delivery, window, reports, summary, access, tls, auth, encryption, store, control, log, limits,
  ]

  /// The name of sections that come as often as there are rules; see `RuleSchema`.
  static let ruleSection = "rule"

  /// The name of sections that come as often as there are routes; see `RouteReader`.
  static let routeSection = "route"

  /// The name of sections that come as often as there are sites; see `OverrideKey.ofSites`.
  static let siteSection = "site"

  /// The section of that name.
  package static func section(_ name: String) -> ConfigurationSection? { sections.first { $0.name == name } }

  /// The key with an id like `window.length`.
  package static func key(_ id: String) -> ConfigurationKey? {
    sections.lazy.flatMap(\.keys).first { $0.id == id }
  }
}
