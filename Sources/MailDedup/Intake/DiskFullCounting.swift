import DedupCore
import DedupStore
import EventLog
import Logging
import MailMessage
import Synchronization

/// The deduplication of error mail while the disk of the store is full: windows in memory, counts in the
/// `CountReserve`.
///
/// The first mail of an error goes on to the spool or the next hop. Mails of the same error that come meanwhile wait
/// for its outcome, and are counted if it was taken. If it was not, the next ones go on at the growing distances of
/// `Rejection`, and those between are counted. When the reserve is used up, each mail goes on.
final class DiskFullCounting: Sendable {
  /// The decision on a mail.
  enum Answer: Sendable {
    /// The mail is counted, durably; the count says how many are held back.
    case counted(SuppressionReason, RunningCount)
    /// The mail goes on, and its outcome has to be reported.
    case goesOn(Undecided)
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
    /// True if the store queued a mail after the latest one that found no room.
    var hasRoom = false
  }

  let reserve: CountReserve
  private let policy: @Sendable () -> WindowPolicy
  private let logger: Logger
  private let state: Mutex<State>
  private let began = Live<(@Sendable () -> Void)?>(nil)
  /// True while the state says that there is no room, so that each other mail need not take the lock.
  private let isFull = Atomic(false)

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
      guard !state.hasRoom, let latest = state.latest, now.since(latest) < .seconds(60) else { return nil }
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
    guard case .suppress(let reason, let count) = decision.verdict else {
      return .goesOn(
        Undecided(submission: submission, occurrence: occurrence, verdict: decision.verdict, counting: self))
    }
    guard add(.init(of: reason), submission, occurrence) != nil else { return .unavailable }
    state.withLock { $0.windows.note(decision.record, of: key) }
    return .counted(reason, count)
  }

  /// A mail that goes on while others of its error wait for its outcome: exactly one of `wasSpooled` and `wasOffered`
  /// has to be called.
  final class Undecided: Sendable {
    private let submission: Submission
    private let occurrence: Occurrence
    private let verdict: Verdict
    private let counting: DiskFullCounting
    private let place = Live<CountReserve.Place?>(nil)

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
      let isCounted = counting.add(.spooled, submission, occurrence) != nil
      counting.finished(submission, occurrence, isCounted ? .told : .unknown)
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

    /// Records the answer of the next hop. If it did not take the mail, the next one goes as after a `Rejection`.
    func wasOffered(isTaken: Bool) {
      // A mail that went out uncounted opens no window, or the mails that it would hold back would not be counted.
      guard let place = place.value else { return counting.finished(submission, occurrence, .unknown) }
      counting.reserve.correct(place, to: isTaken ? .forwarded : .refused)
      counting.finished(submission, occurrence, isTaken ? .told : .refused)
    }
  }

  private func add(
    _ fate: ReservedArrival.Fate, _ submission: Submission, _ occurrence: Occurrence
  ) -> CountReserve.Place? {
    do {
      return try reserve.add(
        ReservedArrival(at: submission.receivedAt, fate: fate), of: ReservedError(occurrence, of: submission))
    } catch {
      logger.event(.warning, .reserveUsedUp, [.id: "\(submission.id)", .error: "\(error)"])
      return nil
    }
  }

  /// The fate of a mail that went on.
  private enum Fate {
    /// The mail was taken, and the reserve has counted it: its window opens.
    case told
    /// The next hop did not take the mail, and the reserve knows that.
    case refused
    /// The reserve has no room for the mail.
    case unknown
  }

  /// Ends the wait of the mails of the same error, which are decided again.
  private func finished(_ submission: Submission, _ occurrence: Occurrence, _ fate: Fate) {
    let key = ReservedError.Key(occurrence)
    let waiting = state.withLock { state in
      switch fate {
      case .told:
        let decision = state.windows.decide(occurrence, policy(), now: submission.receivedAt)
        state.windows.note(decision.record, of: key)
      case .refused: state.windows.noteRefusal(of: key, at: submission.receivedAt)
      case .unknown: break
      }
      return state.waiting.removeValue(forKey: key) ?? []
    }
    for again in waiting { again() }
  }

  /// Records that the store queued a mail.
  func noteRoom() {
    guard isFull.load(ordering: .relaxed) else { return }
    state.withLock { $0.hasRoom = true }
    isFull.store(false, ordering: .relaxed)
  }

  /// Records that a mail found no room.
  func noteFull(at now: Timestamp) {
    let isNew = state.withLock { state in
      let isNew = state.latest.map { now.since($0) >= Self.pause } ?? true
      if isNew || state.hasRoom { state.since = now }
      state.hasRoom = false
      state.latest = max(state.latest ?? now, now)
      return isNew
    }
    isFull.store(true, ordering: .relaxed)
    if isNew { began.value?() }
  }
}

extension Verdict {
  fileprivate var isAskedFor: Bool {
    if case .forward(let reason, _) = self { reason.isAskedFor } else { false }
  }
}
