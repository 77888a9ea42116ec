/// The packages that the reports of each envelope listed as the site's own. A traceback without such a list, from a
/// task or a cron job, is read by the lists that earlier reports of its envelope had.
///
/// No visitor of a site writes any of it. The size is limited by `mostEnvelopes` and `mostPackages`. Anything beyond is
/// not recorded.
package struct SitePackages: Hashable, Sendable {
  /// The largest number of envelopes with known packages. The largest known relay serves 40 sites.
  package static let mostEnvelopes = 1000
  /// The largest number of packages of one envelope.
  package static let mostPackages = 64
  /// The time for which the list of an envelope is not read again after a look. It changes with a deployment.
  package static let interval = Duration.seconds(600)

  private var names: [String: [String]] = [:]
  private var looked: [String: Timestamp] = [:]

  package init() {}

  /// Returns the packages of an envelope, the oldest first, so that packages known earlier can be told apart.
  ///
  /// - Parameter envelope: the key of the envelope, `Site.envelopeKey(of:)`.
  package func names(of envelope: String) -> [String] { names[envelope] ?? [] }

  /// Returns true if the list of a report from this envelope should be read.
  package func isDue(_ envelope: String, at now: Timestamp) -> Bool {
    guard let before = looked[envelope] else { return names[envelope] != nil || names.count < Self.mostEnvelopes }
    return now < before || now.since(before) >= Self.interval
  }

  /// Records the packages that a report lists.
  ///
  /// - Returns: the packages that were not yet known for this envelope.
  package mutating func note(_ listed: [String], of envelope: String, at now: Timestamp) -> [String] {
    looked[envelope] = now
    let known = names(of: envelope)
    var new: [String] = []
    for name in listed where known.count + new.count < Self.mostPackages && !known.contains(name) && !new.contains(name)
    {
      new.append(name)
    }
    if !new.isEmpty { names[envelope] = known + new }
    return new
  }

  /// Restores one package from a store. Packages must be restored in the order in which they were first seen.
  package mutating func restore(_ name: String, of envelope: String) {
    guard names[envelope] != nil || names.count < Self.mostEnvelopes else { return }
    names[envelope, default: []].append(name)
  }
}
