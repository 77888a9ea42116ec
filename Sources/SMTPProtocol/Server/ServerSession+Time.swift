/// The time limits of a session. The driver has the clock, the session has the limits.
///
/// Whenever `period` changes, a new time limit begins, and the driver notes the time. It then calls `check`, which
/// returns how long to wait before the next call.
extension ServerSession {
  package enum Check: Hashable, Sendable {
    /// Nothing to do; call `check` again after this time at the latest.
    case wait(Duration)
    /// The client took too long.
    case expired([Action])
  }

  /// Checks the time limit of the present state.
  ///
  /// - Parameters:
  ///   - elapsed: the time since `period` last changed.
  ///   - underPressure: true if over 80 % of the allowed connections are in use.
  package mutating func check(elapsed: Duration, underPressure: Bool) -> Check {
    switch state {
    // The limit of the message also applies between its chunks.
    case .command where decoder != nil: checkData(elapsed)
    case .command, .challenged: checkIdle(elapsed, underPressure: underPressure)
    case .data, .chunk: checkData(elapsed)
    case .handshaking: checkHandshake(elapsed)
    // Here the client waits for us.
    case .silent, .awaiting, .closed: .wait(limits.idleUnderPressure)
    }
  }

  /// Checks the time from our last reply to the end of the next command. A client that sends an octet now and then does
  /// not prolong it.
  private mutating func checkIdle(_ elapsed: Duration, underPressure: Bool) -> Check {
    let usual = maySend ? limits.idle : min(limits.idle, limits.idleBeforeLogin)
    let allowed = underPressure ? min(usual, limits.idleUnderPressure) : usual
    if elapsed >= allowed { return expire(.idle, .idle) }
    // Pressure may arise at any time, so check again when it would matter.
    return .wait(min(usual - elapsed, limits.idleUnderPressure))
  }

  private mutating func checkData(_ elapsed: Duration) -> Check {
    if elapsed >= limits.data { return expire(.dataTooLate, .dataTooLate) }
    let left = limits.data - elapsed
    if elapsed < limits.slowAfter { return .wait(min(left, limits.slowAfter - elapsed)) }
    // The time for which the octets so far are enough: 30,000 octets at 500 octets per second last 60 s.
    let paid = Duration.seconds(Double(decoder?.octets ?? 0) / Double(max(1, limits.minimumRate)))
    if limits.minimumRate > 0, elapsed > paid { return expire(.dataTooSlow, .dataTooSlow) }
    return .wait(min(left, max(.seconds(1), paid - elapsed)))
  }

  /// Checks the time for the handshake. It ends without a reply: the client would not understand plain text, and TLS is
  /// not established yet.
  private mutating func checkHandshake(_ elapsed: Duration) -> Check {
    let allowed = maySend ? limits.handshake : min(limits.handshake, limits.idleBeforeLogin)
    guard elapsed >= allowed else { return .wait(allowed - elapsed) }
    var actions: [Action] = []
    leave(.handshakeTooLate, &actions)
    return .expired(actions)
  }

  /// True if the client may not send before it logs in. The driver gives such a client `limits.login` to do so.
  package var isStranger: Bool { !maySend }

  /// Ends the session of a client that has not logged in when `limits.login` has passed since it connected.
  package mutating func loginIsDue() -> [Action] {
    guard isStranger, state != .closed else { return [] }
    var actions: [Action] = []
    // During a handshake the client cannot read a reply.
    if case .handshaking = state { leave(.loginTooLate, &actions) } else { end(.loginTooLate, .loginTooLate, &actions) }
    return actions
  }

  private mutating func expire(_ reply: Reply, _ ending: Ending) -> Check {
    var actions: [Action] = []
    end(reply, ending, &actions)
    return .expired(actions)
  }
}
