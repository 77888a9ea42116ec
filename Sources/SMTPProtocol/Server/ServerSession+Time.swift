/// What time does to a session. The driver knows the clock, the session knows the limits.
///
/// Whenever `period` has changed, a new term began: the driver notes the time. It then asks `check` how long to wait
/// before it asks again.
extension ServerSession {
  package enum Check: Hashable, Sendable {
    /// Nothing to do; ask again after this time at the latest.
    case wait(Duration)
    /// The client took too long.
    case expired([Action])
  }

  /// - Parameters:
  ///   - elapsed: since `period` changed last.
  ///   - underPressure: over 80 % of the allowed connections are in use.
  package mutating func check(elapsed: Duration, underPressure: Bool) -> Check {
    switch state {
    // Between the chunks of a message, too, it is the message that is late.
    case .command where decoder != nil: checkData(elapsed)
    case .command, .challenged: checkIdle(elapsed, underPressure: underPressure)
    case .data, .chunk: checkData(elapsed)
    case .handshaking: checkHandshake(elapsed)
    // We are the ones who let the client wait.
    case .silent, .committing, .paused, .verifying, .closed: .wait(limits.idleUnderPressure)
    }
  }

  /// The term runs from our last reply to the whole next command. A client that sends an octet now and then does not
  /// prolong it.
  private mutating func checkIdle(_ elapsed: Duration, underPressure: Bool) -> Check {
    let usual = maySend ? limits.idle : min(limits.idle, limits.idleBeforeLogin)
    let allowed = underPressure ? min(usual, limits.idleUnderPressure) : usual
    if elapsed >= allowed { return expire(.idle, .idle) }
    // Pressure may come at any time, so we look again when it would matter.
    return .wait(min(usual - elapsed, limits.idleUnderPressure))
  }

  private mutating func checkData(_ elapsed: Duration) -> Check {
    if elapsed >= limits.data { return expire(.dataTooLate, .dataTooLate) }
    let left = limits.data - elapsed
    if elapsed < limits.slowAfter { return .wait(min(left, limits.slowAfter - elapsed)) }
    // The time for which what has come so far is enough: 30,000 octets at 500 octets a second last 60 s.
    let paid = Duration.seconds(Double(decoder?.octets ?? 0) / Double(max(1, limits.minimumRate)))
    if limits.minimumRate > 0, elapsed > paid { return expire(.dataTooSlow, .dataTooSlow) }
    return .wait(min(left, max(.seconds(1), paid - elapsed)))
  }

  /// There is nobody to talk to: what we say in plain text would not be understood, and TLS is not there yet.
  private mutating func checkHandshake(_ elapsed: Duration) -> Check {
    let allowed = maySend ? limits.handshake : min(limits.handshake, limits.idleBeforeLogin)
    guard elapsed >= allowed else { return .wait(allowed - elapsed) }
    var actions: [Action] = []
    leave(.handshakeTooLate, &actions)
    return .expired(actions)
  }

  /// Whether the client may not send before it logs in. For the driver, which gives it `limits.login` for that.
  package var isStranger: Bool { !maySend }

  /// `limits.login` has passed since the connection came.
  package mutating func loginIsDue() -> [Action] {
    guard isStranger, state != .closed else { return [] }
    var actions: [Action] = []
    // Within a handshake there is nobody to talk to.
    if case .handshaking = state { leave(.loginTooLate, &actions) } else { end(.loginTooLate, .loginTooLate, &actions) }
    return actions
  }

  private mutating func expire(_ reply: Reply, _ ending: Ending) -> Check {
    var actions: [Action] = []
    end(reply, ending, &actions)
    return .expired(actions)
  }
}
