import DedupCore
import DedupStore
import Logging
import MailMessage
import Synchronization

/// The deduplication of error mail while the disk of the store is full: windows in memory, counts in the
/// `CountReserve`.
///
/// The first mail of an error goes on to the spool or the next hop. Mails of the same error that come meanwhile wait
/// for its outcome, and are counted if it was taken. When the reserve is used up, each mail goes on.
final class DiskFullCounting: Sendable {
  /// The decision on a mail.
  enum Answer: Sendable {
    /// The mail is counted, durably; the value says how many are held back.
    case counted(RunningCount)
    /// The mail goes on, and its outcome has to be reported.
    case goesOn(Telling)
    /// The mail is decided again when the outcome of its error's mail in progress is known.
    case waits
    /// The reserve cannot help.
    case unavailable
  }

  private struct State {
    var windows = ReservedWindows()
    /// The mails that wait for the outcome of their error's mail in progress, by error.
    var waiting: [ReservedError.Key: [@Sendable () -> Void]] = [:]
    /// The time when the latest episode of a full disk began, or nil if there was none.
    var since: Timestamp?
    var latest: Timestamp?
  }

  let reserve: CountReserve
  private let policy: @Sendable () -> WindowPolicy
  private let logger: Logger
  private let state: Mutex<State>
  private let began = Current<(@Sendable () -> Void)?>(nil)

  /// The time without a mail that found no room after which the next one starts another episode.
  private static let pause = Duration.seconds(3600)

  init(reserve: CountReserve, policy: @escaping @Sendable () -> WindowPolicy, logger: Logger) {
    self.reserve = reserve
    self.policy = policy
    self.logger = logger
    var state = State()
    for (key, arrival) in reserve.all() { state.windows.note(arrival, of: key) }
    self.state = Mutex(state)
  }

  /// Sets the callback for a full disk, which is called once for each episode; it must be quick.
  func onBegin(_ told: @escaping @Sendable () -> Void) { began.adopt(told) }

  /// Returns the time since when there is no room, or nil if there is room.
  func since(now: Timestamp) -> Timestamp? {
    state.withLock { state in
      guard let latest = state.latest, now.since(latest) < .seconds(60) else { return nil }
      return state.since
    }
  }

  /// Decides on a mail. Blocks for a sync if the mail is counted.
  ///
  /// - Parameter again: Decides once more, from any thread; called if the answer is `waits`.
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

  /// A mail that goes on while others of its error wait for its outcome: exactly one of `wasSpooled` and `wasOffered`
  /// has to be called.
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

    /// Records that the spool has the mail, whose import counts it. Blocks for a sync.
    func wasSpooled() {
      counting.finished(submission, occurrence, isTold: counting.add(.spooled, submission, occurrence) != nil)
    }

    /// Reserves the count. Call it before the next hop is offered the mail, which may state no count that is not
    /// durable. Blocks for a sync.
    ///
    /// - Returns: The verdict that the mail states, or nil if it states none because it cannot be counted.
    func offer() -> Verdict? {
      let place = counting.add(.offered, submission, occurrence)
      self.place.adopt(place)
      guard place != nil, case .forward(let reason, let count) = verdict else { return nil }
      // Only the store knows what came before the disk was full, so the mail states what the reserve held back, or no
      // count.
      return .forward(reason, count.flatMap { $0.heldBack > 0 ? $0 : nil })
    }

    /// Records the answer of the next hop. If it did not take the mail, the next one of its error goes on as well.
    func wasOffered(isTaken: Bool) {
      // A mail that went out uncounted opens no window, or the mails that it would hold back would not be counted.
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

  /// Ends the wait of the mails of the same error, which are decided again.
  ///
  /// - Parameter isTold: True if the mail was taken and the reserve has counted it, so that its window opens.
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

  /// Records that a mail found no room.
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
