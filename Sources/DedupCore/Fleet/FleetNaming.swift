/// Gives errors the names that the fleet knows them by, equal at all relays that see the same site and fingerprint.
package struct FleetNaming: Sendable {
  private let digest: @Sendable (String) -> String

  /// - Parameter digest: A text from which its argument cannot be read, equal for equal arguments only.
  package init(digest: @escaping @Sendable (String) -> String) { self.digest = digest }

  /// - Parameters:
  ///   - site: the `Site.key` of the site that the error is filed under.
  ///   - variant: the variant; nil for the error as a whole.
  package func name(site: String, _ fingerprint: String, variant: String? = nil) -> String {
    let parts = [site, fingerprint] + (variant.map { [$0] } ?? [])
    return digest(parts.joined(separator: "\u{1D}"))
  }

  /// Returns the error as records of the fleet name it.
  package func error(site: String, _ fingerprint: String) -> FleetErrorName {
    FleetErrorName(name: name(site: site, fingerprint), fingerprint: fingerprint)
  }

  /// Returns true if the error is the one of that name.
  package func matches(_ error: FleetErrorName, site: String, _ fingerprint: String) -> Bool {
    // The digest takes microseconds, and most fingerprints are others.
    error.fingerprint == fingerprint && error.name == name(site: site, fingerprint)
  }
}

/// An error as records of the fleet name it: a relay finds it by its fingerprint and knows it by its name, which holds
/// the site as well.
package struct FleetErrorName: Hashable, Sendable, Codable {
  package var name: String
  package var fingerprint: String

  package init(name: String, fingerprint: String) { (self.name, self.fingerprint) = (name, fingerprint) }
}
