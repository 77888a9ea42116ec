import DedupCore
import DedupStore
import Logging
import MailMessage
import Synchronization

/// Deduplicates error mail while the disk of the store is full: windows in memory, counts in the `CountReserve`.
///
/// The first mail of an error goes on to the spool or the next hop; the same error's mails that come meanwhile wait for
/// what becomes of it, and are counted if somebody took it. When the reserve is used up, each mail goes on.
final class DiskFullCounting: Sendable {
  /// What becomes of a mail.
  enum Answer: Sendable {
    /// It is counted, durably; so many are held back.
    case counted(RunningCount)
    /// It goes on, and what becomes of it has to be told.
    case goesOn(Telling)
    /// It is asked again when the mail of its error that is under way has its fate.
    case waits
    /// The reserve cannot help.
    case unavailable
  }

  private struct State {
    var windows = ReservedWindows()
    /// Of errors whose mail is under way, those that wait for its fate.
    var waiting: [ReservedError.Key: [@Sendable () -> Void]] = [:]
    /// Whether somebody has to be told: when it began.
    var since: Timestamp?
    var latest: Timestamp?
  }

  let reserve: CountReserve
  private let policy: @Sendable () -> WindowPolicy
  private let logger: Logger
  private let state: Mutex<State>
  private let began = Current<(@Sendable () -> Void)?>(nil)

  /// After so long without a mail for which there was no room, the next one begins another time.
  private static let pause = Duration.seconds(3600)

  init(reserve: CountReserve, policy: @escaping @Sendable () -> WindowPolicy, logger: Logger) {
    self.reserve = reserve
    self.policy = policy
    self.logger = logger
    var state = State()
    for (key, arrival) in reserve.all() { state.windows.note(arrival, of: key) }
    self.state = Mutex(state)
  }

  /// `told` is called when the disk is full, once for each time; it must be quick.
  func onBegin(_ told: @escaping @Sendable () -> Void) { began.adopt(told) }

  /// Since when there is no room; nil: there is.
  func since(now: Timestamp) -> Timestamp? {
    state.withLock { state in
      guard let latest = state.latest, now.since(latest) < .seconds(60) else { return nil }
      return state.since
    }
  }

  /// Blocks for a sync when the mail is counted.
  ///
  /// - Parameter again: asks once more, from any thread; called if the answer is `waits`.
  func take(
    _ submission: Submission, _ occurrence: Occurrence, again: @escaping @Sendable () -> Void
  ) -> Answer {
    let now = submission.receivedAt
    let key = ReservedError.Key(occurrence)
    let decision = state.withLock { state -> WindowPolicy.Decision? in
      let decision = state.windows.decide(occurrence, policy(), now: now)
      if state.waiting[key] != nil {
        if decision.verdict.isAskedFor { return decision }
        state.waiting[key, default: []].append(again)
        return nil
      }
      if decision.verdict.isForward, !decision.verdict.isAskedFor { state.waiting[key] = [] }
      return decision
    }
    guard let decision else { return .waits }
    guard case .suppress(_, let count) = decision.verdict else {
      return .goesOn(Telling(submission: submission, occurrence: occurrence, verdict: decision.verdict, counting: self))
    }
    guard add(.suppressed, submission, occurrence) != nil else { return .unavailable }
    state.withLock { $0.windows.note(decision.record, of: key) }
    return .counted(count)
  }

  /// A mail that goes on, of which others of its error wait to hear: exactly one of `wasSpooled` and `wasOffered` has to
  /// be called.
  final class Telling: Sendable {
    private let submission: Submission
    private let occurrence: Occurrence
    private let verdict: Verdict
    private let counting: DiskFullCounting
    private let place = Current<CountReserve.Place?>(nil)

    fileprivate init(
      submission: Submission, occurrence: Occurrence, verdict: Verdict, counting: DiskFullCounting
    ) {
      self.submission = submission
      self.occurrence = occurrence
      self.verdict = verdict
      self.counting = counting
    }

    /// The spool has it, and its import counts it. Blocks for a sync.
    func wasSpooled() {
      counting.finished(submission, occurrence, isTold: counting.add(.spooled, submission, occurrence) != nil)
    }

    /// To be called before the next hop is offered the mail: it may say no count that is not durable. Blocks for a sync.
    ///
    /// - Returns: what the mail says of itself; nil: nothing, since it cannot be counted.
    func offer() -> Verdict? {
      let place = counting.add(.offered, submission, occurrence)
      self.place.adopt(place)
      guard place != nil, case .forward(let reason, let count) = verdict else { return nil }
      // What came before the disk was full only the store knows; so it says what the reserve held back, or no count.
      return .forward(reason, count.flatMap { $0.heldBack > 0 ? $0 : nil })
    }

    /// The next hop answered; if it did not take the mail, the next one of its error goes on as well.
    func wasOffered(isTaken: Bool) {
      // One that went out without its count opens no window, or what that holds back were not counted.
      guard let place = place.value else { return counting.finished(submission, occurrence, isTold: false) }
      counting.reserve.correct(place, to: isTaken ? .forwarded : .refused)
      counting.finished(submission, occurrence, isTold: isTaken)
    }
  }

  private func add(
    _ fate: ReservedArrival.Fate, _ submission: Submission, _ occurrence: Occurrence
  ) -> CountReserve.Place? {
    do {
      return try reserve.add(
        ReservedArrival(at: submission.receivedAt, fate: fate), of: ReservedError(occurrence, of: submission))
    } catch {
      logger.warning("reserve-used-up", metadata: ["id": "\(submission.id)", "error": "\(error)"])
      return nil
    }
  }

  /// - Parameter isTold: somebody has the mail, and the reserve has it counted: its window opens.
  private func finished(_ submission: Submission, _ occurrence: Occurrence, isTold: Bool) {
    let key = ReservedError.Key(occurrence)
    let waiting = state.withLock { state in
      if isTold {
        let decision = state.windows.decide(occurrence, policy(), now: submission.receivedAt)
        state.windows.note(decision.record, of: key)
      }
      return state.waiting.removeValue(forKey: key) ?? []
    }
    for again in waiting { again() }
  }

  /// A mail came for which there was no room.
  func noteFull(at now: Timestamp) {
    let isNew = state.withLock { state in
      let isNew = state.latest.map { now.since($0) >= Self.pause } ?? true
      if isNew { state.since = now }
      state.latest = max(state.latest ?? now, now)
      return isNew
    }
    if isNew { began.value?() }
  }
}

extension Verdict {
  fileprivate var isAskedFor: Bool {
    if case .forward(let reason, _) = self { reason.isAskedFor } else { false }
  }
}
