package import DedupCore

/// The rulings of a relay on the engine's answers, as a value: it holds no connection, and time comes in as an argument,
/// from a clock that never jumps.
///
/// It keeps the promise that nothing is held back on the engine's word for longer than the window and a lease, whatever
/// the engine says: it remembers since when it has heard of each delivered mail, and how long a mail of its own waits
/// for another relay's.
package struct FleetMachine: Sendable {
  /// The ruling on a mail that would go out.
  package enum Ruling: Hashable, Sendable {
    /// The mail goes out for the whole fleet.
    case deliver(Lease, FleetCount)
    /// Another relay is about to deliver: ask again after this pause.
    case wait(Duration)
    /// A next hop took a mail of the error `age` ago, so that it is counted only.
    case covered(age: Duration)
    /// The mail goes out on this relay's own account.
    case alone(Reason)
  }

  /// The reason why a mail went out without the fleet's consent. The words stand in header, log and metrics.
  package enum Reason: String, Hashable, Sendable, CaseIterable {
    /// The engine was not asked, did not answer in time, or answered with an error.
    case away = "fleet-away"
    /// The engine's word was too old or contradicted itself.
    case stale = "fleet-stale"
  }

  /// A claim that was sent.
  package struct Request: Hashable, Sendable {
    package var error: String
    package var mail: QueueID
    package var token: String
    package var window: Duration
    package var sentAt: Duration

    package init(error: String, mail: QueueID, token: String, window: Duration, sentAt: Duration) {
      (self.error, self.mail, self.token, self.window, self.sentAt) = (error, mail, token, window, sentAt)
    }
  }

  /// The pause before a lost claim is tried again, unless the other's lease ends before.
  static let pause = Duration.milliseconds(500)
  /// The longest time for which a mail waits for others: one claim at its longest, and a lease.
  static let longestWait = Lease.longest + Lease.length
  private static let mostKnown = 10_000

  /// A mail that another relay delivered: the token of its claim, and the latest time at which its window can have begun.
  private struct Cover {
    var token: String
    var since: Duration
  }

  private var covers: [String: Cover] = [:]
  /// The times since which mails wait for other relays.
  private var waiting: [QueueID: Duration] = [:]
  private var clock = EngineClock()
  private var breaker = Breaker()

  package init() {}

  /// Returns true if the engine may be asked: all is well, or the last failure is long enough ago.
  package mutating func mayAsk(at now: Duration) -> Bool { breaker.admits(at: now) }

  /// True if the engine failed last.
  package var isAlone: Bool { breaker.isOpen }

  /// Takes note that the engine failed, or did not answer in time.
  package mutating func failed(_ request: Request, at now: Duration) -> Ruling {
    breaker.failed(at: now)
    waiting[request.mail] = nil
    return .alone(.away)
  }

  /// Takes note that the engine is another process, or forgot everything: its clock may be another one.
  package mutating func generationChanged() { clock = EngineClock() }

  /// Takes note that the engine answers in time again.
  mutating func answersAgain() { breaker.succeeded() }

  /// Takes note of the engine's time in an answer to something else than a claim.
  ///
  /// - Returns: false if the clock was set back.
  package mutating func read(_ engineTime: Int64, sentAt: Duration, at now: Duration) -> Bool {
    clock.read(engineTime, sentAt: sentAt, now: now) == .steady
  }

  /// Rules on a mail by the engine's answer to its claim.
  package mutating func rule(_ answer: ClaimAnswer, to request: Request, at now: Duration) -> Ruling {
    breaker.succeeded()
    let isSteady = read(answer.engineTime, sentAt: request.sentAt, at: now)
    switch answer.fate {
    case .won(let count, let madeAt):
      waiting[request.mail] = nil
      let lease = Lease(token: request.token, madeAt: madeAt, sentAt: request.sentAt)
      return lease.allowsOffer(at: now) ? .deliver(lease, count) : .alone(.stale)
    case .delivered(let age, let token):
      waiting[request.mail] = nil
      return isSteady ? cover(request, age, token, at: now) : .alone(.stale)
    case .claimed(let left):
      let since = waiting[request.mail] ?? request.sentAt
      guard isSteady, now - since < Self.longestWait else {
        waiting[request.mail] = nil
        return .alone(.stale)
      }
      if waiting.count >= Self.mostKnown { waiting = [:] }
      waiting[request.mail] = since
      return .wait(min(Self.pause, max(left, .milliseconds(20))))
    }
  }

  private mutating func cover(
    _ request: Request, _ age: Duration, _ token: String, at now: Duration
  ) -> Ruling {
    // The engine answered after the claim was sent, so the other mail is at least as old as this.
    var since = request.sentAt - age
    if let known = covers[request.error], known.token == token { since = min(since, known.since) }
    if covers.count >= Self.mostKnown { covers = covers.filter { now - $0.value.since < request.window } }
    if covers.count >= Self.mostKnown { covers = [:] }
    covers[request.error] = Cover(token: token, since: since)
    return now - since < request.window ? .covered(age: now - since) : .alone(.stale)
  }
}
