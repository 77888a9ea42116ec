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
  /// As far as is known it is of no use for mail to these domains alone; nil: for any mail.
  package var domains: Set<String>?
  /// When it began, and when it was last seen.
  package internal(set) var since: Duration = .zero
  package internal(set) var seen: Duration = .zero
  /// How often in a row it was seen.
  package internal(set) var count = 0

  package init(_ kind: Kind, _ reason: String, isProvenByConnection: Bool, domains: Set<String>? = nil) {
    self.kind = kind
    self.reason = reason
    self.isProvenByConnection = isProvenByConnection
    self.domains = domains
  }

  /// Whether it keeps back mail to these.
  package func concerns(_ recipients: Set<String>) -> Bool { domains.map { recipients.isSubset(of: $0) } ?? true }
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
