/// Why a host is of no use at the moment, and since when. Times are durations since a fixed moment of a clock that never
/// jumps.
package struct HostFailure: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// It cannot be reached, or says nothing.
    case unreachable
    /// It answers, and does not want our connections.
    case refusing
    /// It takes connections and no mail, or no more of it for a while.
    case throttling
    /// It does not let us log in for now.
    case login
    /// An admin has to mend something: credentials, certificates, our configuration.
    case needsAdmin = "needs-admin"
  }

  package var kind: Kind
  /// One printable line.
  package var reason: String
  /// Whether a connection without a mail shows that it is over; otherwise only a mail does.
  package var isProvenByConnection: Bool
  /// When it began, and when it was last seen.
  package fileprivate(set) var since: Duration = .zero
  package fileprivate(set) var seen: Duration = .zero
  /// How often in a row it was seen.
  package fileprivate(set) var count = 0

  package init(_ kind: Kind, _ reason: String, isProvenByConnection: Bool) {
    self.kind = kind
    self.reason = reason
    self.isProvenByConnection = isProvenByConnection
  }
}

/// How long a host that failed is left alone.
///
/// With another host at hand that is the `BackOff`, and so it is where a login fails or an admin has to mend something: a
/// login that is refused every second locks the account. The only way there is is looked at more often, though never less than the
/// back-off asks: after a sixth of the time that the failure has lasted, so that nothing waits much longer than that. At
/// least 0.5 s, and at most 2 s for a host that cannot be reached, 10 s for one that refuses connections, and for one that
/// takes no mail 10 s in the first ten minutes, then a sixtieth of the time, up to 5 min.
package struct RestRule: Hashable, Sendable {
  package var backOff: BackOff

  package init(_ backOff: BackOff = BackOff()) { self.backOff = backOff }

  package func rest(after failure: HostFailure, isOnlyWay: Bool) -> Duration {
    let longest = backOff.wait(after: failure.count)
    guard isOnlyWay else { return longest }
    let lasted = failure.seen - failure.since
    let wish =
      switch failure.kind {
      case .unreachable: min(lasted / 6, .seconds(2))
      case .refusing: min(lasted / 6, .seconds(10))
      case .login, .needsAdmin: longest
      case .throttling: min(max(min(lasted / 6, .seconds(10)), lasted / 60), .seconds(300))
      }
    return min(max(wish, .milliseconds(500)), longest)
  }
}

/// What is known of a host: whether it may be asked, and what is wrong with it.
package struct HostHealth: Hashable, Sendable {
  /// Nil: nothing, as far as we know.
  package private(set) var failure: HostFailure?
  /// Mails in a row that ended fresh connections to it. One such mail is a strange mail; several are a broken host.
  private var strikes = 0

  package static let mostStrikes = 3

  package init() {}

  /// When it may be asked again; nil: at any time.
  package func restsUntil(_ rule: RestRule, isOnlyWay: Bool) -> Duration? {
    failure.map { $0.seen + rule.rest(after: $0, isOnlyWay: isOnlyWay) }
  }

  package func isUsable(at now: Duration, _ rule: RestRule, isOnlyWay: Bool) -> Bool {
    restsUntil(rule, isOnlyWay: isOnlyWay).map { now >= $0 } ?? true
  }

  /// Failures while it is left alone (of mails that were on their way already) change nothing.
  ///
  /// - Returns: whether it is news.
  @discardableResult
  package mutating func failed(_ failure: HostFailure, at now: Duration, _ rule: RestRule, isOnlyWay: Bool) -> Bool {
    guard isUsable(at: now, rule, isOnlyWay: isOnlyWay) else { return false }
    let before = self.failure
    var failure = failure
    (failure.since, failure.seen) = (before?.since ?? now, now)
    failure.count = (before?.count ?? 0) + 1
    self.failure = failure
    return before == nil || before?.kind != failure.kind || before?.reason != failure.reason
  }

  /// A mail ended a fresh connection.
  ///
  /// - Returns: whether that is more than single mails can be blamed for.
  package mutating func struck() -> Bool {
    strikes += 1
    return strikes >= Self.mostStrikes
  }

  package mutating func worked() { self = HostHealth() }
}
