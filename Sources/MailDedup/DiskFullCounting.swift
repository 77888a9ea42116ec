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
    /// It goes on, as what its verdict says; `finished` has to be called with what became of it.
    case goesOn(Verdict)
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
    guard case .suppress(_, let count) = decision.verdict else { return .goesOn(decision.verdict) }
    do {
      try reserve.add(
        ReservedArrival(at: now, fate: .suppressed), of: ReservedError(occurrence, of: submission))
      state.withLock { $0.windows.note(decision.record, of: key) }
      return .counted(count)
    } catch {
      logger.warning("reserve-used-up", metadata: ["id": "\(submission.id)", "error": "\(error)"])
      return .unavailable
    }
  }

  /// Says what became of a mail that went on; nil: nobody took it, so the next one of its error goes on as well.
  func finished(_ submission: Submission, _ occurrence: Occurrence, _ fate: ReservedArrival.Fate?) {
    let key = ReservedError.Key(occurrence)
    if let fate { note(submission, occurrence, fate) }
    let waiting = state.withLock { $0.waiting.removeValue(forKey: key) ?? [] }
    for again in waiting { again() }
  }

  private func note(_ submission: Submission, _ occurrence: Occurrence, _ fate: ReservedArrival.Fate) {
    let now = submission.receivedAt
    do {
      try reserve.add(ReservedArrival(at: now, fate: fate), of: ReservedError(occurrence, of: submission))
    } catch {
      // It went out all the same; without its count the window must not open, or what it holds back were not counted.
      return logger.warning("reserve-used-up", metadata: ["id": "\(submission.id)", "error": "\(error)"])
    }
    let key = ReservedError.Key(occurrence)
    state.withLock { state in
      let decision = state.windows.decide(occurrence, policy(), now: now)
      state.windows.note(decision.record, of: key)
    }
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
