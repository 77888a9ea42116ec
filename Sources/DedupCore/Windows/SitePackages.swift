/// The packages that the reports of each envelope listed as the site's own. A traceback without such a list, of a task or a
/// cron job, is read by what the reports of its envelope said before.
///
/// No visitor of a site writes any of it. Bounded by `mostEnvelopes` and `mostPackages`; what comes beyond is not known.
package struct SitePackages: Hashable, Sendable {
  /// Envelopes of which packages are known. The largest relay that we know of serves 40 sites.
  package static let mostEnvelopes = 1000
  /// Packages of one envelope.
  package static let mostPackages = 64
  /// How long the list of an envelope is not looked at again. It changes when somebody deploys.
  package static let interval = Duration.seconds(600)

  private var names: [String: [String]] = [:]
  private var looked: [String: Timestamp] = [:]

  package init() {}

  /// The packages of an envelope, the oldest first, so that what was known before can be told.
  ///
  /// - Parameter envelope: `Site.envelopeKey(of:)`.
  package func names(of envelope: String) -> [String] { names[envelope] ?? [] }

  /// Whether the list of a report from this envelope should be looked at.
  package func isDue(_ envelope: String, at now: Timestamp) -> Bool {
    guard let before = looked[envelope] else { return names[envelope] != nil || names.count < Self.mostEnvelopes }
    return now < before || now.since(before) >= Self.interval
  }

  /// Takes note of what a report lists.
  ///
  /// - Returns: the packages that were not known of this envelope.
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

  /// Takes back what a store kept of one package; in the order in which they came.
  package mutating func restore(_ name: String, of envelope: String) {
    guard names[envelope] != nil || names.count < Self.mostEnvelopes else { return }
    names[envelope, default: []].append(name)
  }
}
