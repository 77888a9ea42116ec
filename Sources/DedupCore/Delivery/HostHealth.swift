/// What is known of a host: whether it may be asked, and what is wrong with it.
///
/// What it has against mail says nothing of mail to other domains: they go on until they are refused as well. A domain
/// that is refused while another one is taken is no affair of the host; it is left to the retry policy for a minute.
package struct HostHealth: Hashable, Sendable {
  /// Whom mail after mail that was refused is held against.
  package enum Verdict: Hashable, Sendable {
    /// These mails, as far as is known.
    case mails
    /// The host, for mail to these domains.
    case domains(Set<String>)
    /// The host.
    case host
  }

  /// Nil: nothing, as far as we know.
  package private(set) var failure: HostFailure?
  /// Mails in a row that ended fresh connections to it, and the domains that they were for.
  private var strikes = 0
  private var struck: Set<String> = []
  /// Domains that were refused while others were taken, and until when nothing is held against the host for them.
  private var ownAffairs: [String: Duration] = [:]

  package static let mostStrikes = 3
  /// Where mail to as many domains is refused and none is taken, it is the host.
  package static let mostDomains = 8
  private static let affairTime = Duration.seconds(60)
  private static let mostAffairs = 1000

  package init() {}

  /// When it may be asked again; nil: at any time.
  package func restsUntil(_ rule: RestRule, isOnlyWay: Bool) -> Duration? {
    failure.map { $0.seen + rule.rest(after: $0, isOnlyWay: isOnlyWay) }
  }

  /// - Parameter domains: of the mail; nil: any mail.
  package func isUsable(
    at now: Duration, _ rule: RestRule, isOnlyWay: Bool, for domains: Set<String>? = nil
  ) -> Bool {
    if let domains, let failure, !failure.concerns(domains) { return true }
    return restsUntil(rule, isOnlyWay: isOnlyWay).map { now >= $0 } ?? true
  }

  /// Failures while it is left alone (of mails that were on their way already) change nothing but the domains.
  ///
  /// - Returns: whether it is news.
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

  /// A mail ended a fresh connection, or was told of a trouble of the host.
  ///
  /// - Parameters:
  ///   - domains: whom it was for.
  ///   - isEnough: one such mail says as much as several in a row.
  ///   - needsDomains: it says nothing of the host as long as all are for one domain.
  /// - Returns: whom it is held against.
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

  /// It took mail to these domains, or a connection.
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
