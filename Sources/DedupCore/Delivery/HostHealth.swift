/// The state of a host: whether it may be asked, and what is wrong with it.
///
/// A refusal of mail says nothing about mail to other domains: they are delivered until they are refused as well. A
/// domain that is refused while another is accepted does not count against the host; the retry policy handles it for a
/// minute.
package struct HostHealth: Hashable, Sendable {
  /// The extent to which refused mail counts against other mail.
  package enum Verdict: Hashable, Sendable {
    /// Only these mails, as far as is known.
    case mails
    /// The host, for mail to these domains.
    case domains(Set<String>)
    /// The host, for all mail.
    case host
  }

  /// The current failure; nil: none, as far as is known.
  package private(set) var failure: HostFailure?
  /// The number of mails in a row that ended fresh connections to the host; `struck` holds their domains.
  private var strikes = 0
  private var struck: Set<String> = []
  /// The domains that were refused while others were accepted, each with the time until which it does not count.
  private var ownAffairs: [String: Duration] = [:]

  static let mostStrikes = 3
  /// The number of domains whose mail must be refused, and no mail accepted, before the host counts as at fault.
  static let mostDomains = 8
  private static let affairTime = Duration.seconds(60)
  private static let mostAffairs = 1000

  package init() {}

  /// Returns the time at which the host may be asked again; nil: at any time.
  package func restsUntil(_ rule: RestRule, isOnlyWay: Bool) -> Duration? {
    failure.map { $0.seen + rule.rest(after: $0, isOnlyWay: isOnlyWay) }
  }

  /// - Parameter domains: the domains of the mail; nil: any mail.
  package func isUsable(
    at now: Duration, _ rule: RestRule, isOnlyWay: Bool, for domains: Set<String>? = nil
  ) -> Bool {
    if let domains, let failure, !failure.concerns(domains) { return true }
    return restsUntil(rule, isOnlyWay: isOnlyWay).map { now >= $0 } ?? true
  }

  /// Records a failure. Failures while the host is left alone (of mails that were already under way) change nothing but
  /// the domains.
  ///
  /// - Returns: true if the failure is news.
  @discardableResult
  package mutating func failed(_ failure: HostFailure, at now: Duration, _ rule: RestRule, isOnlyWay: Bool) -> Bool {
    if !isUsable(at: now, rule, isOnlyWay: isOnlyWay), let known = self.failure?.domains {
      if let domains = failure.domains {
        self.failure?.domains = known.union(domains)
        return false
      }
    } else if !isUsable(at: now, rule, isOnlyWay: isOnlyWay) {
      return false
    }
    let before = self.failure
    var failure = failure
    (failure.since, failure.seen) = (before?.since ?? now, now)
    failure.count = (before?.count ?? 0) + 1
    self.failure = failure
    return before == nil || before?.kind != failure.kind || before?.reason != failure.reason
  }

  /// Records that a mail ended a fresh connection, or was answered with a problem of the host.
  ///
  /// - Parameters:
  ///   - domains: the domains that the mail was for.
  ///   - isEnough: true if one such mail proves as much as several in a row.
  ///   - needsDomains: true if it proves nothing about the host as long as all such mails are for one domain.
  /// - Returns: the extent to which it counts against other mail.
  package mutating func struck(
    for domains: Set<String>, isEnough: Bool = false, needsDomains: Bool = false, at now: Duration
  ) -> Verdict {
    if !domains.isEmpty, domains.allSatisfy({ ownAffairs[$0].map { now < $0 } ?? false }) { return .mails }
    strikes = isEnough ? max(strikes + 1, Self.mostStrikes) : strikes + 1
    struck.formUnion(domains)
    guard strikes >= Self.mostStrikes else { return .mails }
    if domains.isEmpty || struck.count >= Self.mostDomains { return .host }
    return needsDomains && struck.count < 2 ? .mails : .domains(struck)
  }

  /// Records that the host accepted mail to these domains, or a connection.
  package mutating func worked(for domains: Set<String> = [], at now: Duration) {
    if let refused = failure?.domains, !domains.isSubset(of: refused) {
      ownAffairs = ownAffairs.filter { now < $0.value }
      if ownAffairs.count < Self.mostAffairs {
        for domain in refused.subtracting(domains) { ownAffairs[domain] = now + Self.affairTime }
      }
    }
    (failure, strikes, struck) = (nil, 0, [])
  }
}
