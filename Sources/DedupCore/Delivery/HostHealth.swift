/// The state of a host: whether it may be asked, and what is wrong with it.
///
/// A refusal of mail says nothing about mail from other senders or to other domains: that is delivered until it is
/// refused as well. A domain whose mail meets a trouble of the system while that to another is accepted does not count
/// against the host; the retry policy handles it for a minute.
package struct HostHealth: Hashable, Sendable {
  /// The extent to which refused mail counts against other mail.
  package enum Verdict: Hashable, Sendable {
    /// Only these mails, as far as is known.
    case mails
    /// The host, for this mail.
    case scope(MailScope)
    /// The host, for all mail.
    case host
  }

  /// The current failure; nil: none, as far as is known.
  package private(set) var failure: HostFailure?
  /// The number of mails in a row that ended fresh connections to the host; `struck` holds their senders or domains.
  private var strikes = 0
  private var struck = MailScope()
  /// The senders and domains of mail that the host said it takes too much of, since it last took any.
  private var slowed = MailScope()
  /// The time at which the host last accepted a mail, or refused it for itself.
  private var workedAt: Duration?
  /// The domains that were refused while others were accepted, each with the time until which it does not count.
  private var ownAffairs: [String: Duration] = [:]

  static let mostStrikes = 3
  /// The number of senders and domains whose mail must be refused, and no mail accepted, before the host counts as at
  /// fault.
  static let mostRefused = 8
  /// The same for a host that works: where nine mails in ten go to dead domains, eight in a row are a coincidence.
  static let mostRefusedWorking = 64
  /// The time for which a host that accepted a mail works, as far as is known.
  private static let workingTime = Duration.seconds(5)
  private static let affairTime = Duration.seconds(60)
  private static let mostAffairs = 1000

  package init() {}

  /// Returns the time at which the host may be asked again; nil: at any time.
  package func restsUntil(_ rule: RestRule, isOnlyWay: Bool) -> Duration? {
    failure.map { $0.seen + rule.rest(after: $0, isOnlyWay: isOnlyWay) }
  }

  /// - Parameter mail: the mail that is to go; nil: any mail.
  package func isUsable(at now: Duration, _ rule: RestRule, isOnlyWay: Bool, for mail: MailParties? = nil) -> Bool {
    if let mail, let failure, !failure.concerns(mail) { return true }
    return restsUntil(rule, isOnlyWay: isOnlyWay).map { now >= $0 } ?? true
  }

  /// Records a failure. Failures while the host is left alone (of mails that were already under way) change nothing but
  /// the scope.
  ///
  /// - Returns: true if the failure is news.
  @discardableResult
  package mutating func failed(_ failure: HostFailure, at now: Duration, _ rule: RestRule, isOnlyWay: Bool) -> Bool {
    if !isUsable(at: now, rule, isOnlyWay: isOnlyWay), let known = self.failure?.scope {
      if let scope = failure.scope {
        self.failure?.scope = known.union(scope)
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
  ///   - scope: the sender of the mail, or the domains that it was for.
  ///   - needsDomains: true if it proves nothing about the host as long as all such mails are for one domain.
  /// - Returns: the extent to which it counts against other mail.
  package mutating func struck(_ scope: MailScope, needsDomains: Bool = false, at now: Duration) -> Verdict {
    if !scope.domains.isEmpty, scope.domains.allSatisfy({ ownAffairs[$0].map { now < $0 } ?? false }) { return .mails }
    strikes += 1
    struck = struck.union(scope)
    guard strikes >= Self.mostStrikes else { return .mails }
    let isWorking = workedAt.map { now - $0 < Self.workingTime } ?? false
    if scope.isEmpty || struck.count >= (isWorking ? Self.mostRefusedWorking : Self.mostRefused) { return .host }
    return needsDomains && struck.count < 2 ? .mails : .scope(struck.union(slowed))
  }

  /// Records that the host said that it takes less at a time of mail like this. One such mail proves as much as several
  /// in a row.
  ///
  /// - Parameter scope: the sender of the mail, or the domains that it was for.
  package mutating func throttled(_ scope: MailScope) -> Verdict {
    slowed = slowed.union(scope)
    return scope.isEmpty || slowed.count >= Self.mostRefused ? .host : .scope(slowed)
  }

  /// Records that the host accepted a connection.
  package mutating func worked() { (failure, strikes, struck, slowed) = (nil, 0, MailScope(), MailScope()) }

  /// Records that the host accepted a mail, or refused it for itself.
  package mutating func worked(for mail: MailParties, at now: Duration) {
    if let failure, let refused = failure.scope, !failure.isThrottle, !refused.covers(mail) {
      ownAffairs = ownAffairs.filter { now < $0.value }
      if ownAffairs.count < Self.mostAffairs {
        for domain in refused.domains.subtracting(mail.domains) { ownAffairs[domain] = now + Self.affairTime }
      }
    }
    workedAt = now
    worked()
  }
}
