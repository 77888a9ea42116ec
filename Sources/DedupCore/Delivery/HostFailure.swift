/// The reason why a host cannot be used at the moment, and since when. Times are durations since a fixed moment of a
/// clock that never jumps.
package struct HostFailure: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The host cannot be reached, or does not answer.
    case unreachable
    /// The host answers, but refuses our connections.
    case refusing
    /// The host accepts connections but no mail, or no more of it for a while.
    case throttling
    /// The host does not let us log in for now.
    case login
    /// An admin has to fix something: credentials, certificates, our configuration.
    case needsAdmin = "needs-admin"
  }

  package var kind: Kind
  /// The reason, one printable line.
  package var reason: String
  /// True if a connection without a mail shows that the failure is over; otherwise only a mail does.
  package var isProvenByConnection: Bool
  /// The mail that the failure is limited to, as far as is known; nil: it affects any mail.
  package var scope: MailScope?
  /// True if the host says that it takes less at a time.
  package var isThrottle = false
  /// The time at which the failure began.
  package internal(set) var since: Duration = .zero
  /// The time at which the failure was last seen.
  package internal(set) var seen: Duration = .zero
  /// The number of times in a row that the failure was seen.
  package internal(set) var count = 0

  package init(_ kind: Kind, _ reason: String, isProvenByConnection: Bool, scope: MailScope? = nil) {
    self.kind = kind
    self.reason = reason
    self.isProvenByConnection = isProvenByConnection
    self.scope = scope
  }

  /// Returns true if the failure holds back the mail.
  package func concerns(_ mail: MailParties) -> Bool { scope?.covers(mail) ?? true }

  /// The number of mails that may try the host out at the same time. A host that takes less at a time gets one. Where
  /// mail after mail was refused, it may be the mails' fault, and the next that is taken opens the host to all others.
  package var trials: Int { isThrottle ? 1 : 4 }
}

/// The rule for how long a host that failed is left alone.
///
/// With another host available this is the `BackOff`, and so it is if a login fails or an admin has to fix something: a
/// login that is refused every second locks the account. The only host available is checked more often, and never less
/// often than the back-off requires: after a sixth of the time that the failure has lasted, so that no mail waits much
/// longer than that. At least 0.5 s, and at most 2 s for a host that cannot be reached, 10 s for one that refuses
/// connections, and for one that accepts no mail 10 s for ten minutes, then a sixtieth of the time, up to 5 min. The first
/// rests of one that says that it takes less at a time are 0.1, 0.2 and 0.4 s: what is more than it takes in a second may
/// be taken in the next.
package struct RestRule: Hashable, Sendable {
  package var backOff: BackOff

  private static let shortest = Duration.milliseconds(500)
  private static let shortestThrottled = Duration.milliseconds(100)

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
    let throttled = Self.shortestThrottled * (1 << min(max(0, failure.count - 1), 5))
    return min(max(wish, failure.isThrottle ? min(throttled, Self.shortest) : Self.shortest), longest)
  }
}
