import Dispatch
import Synchronization

/// Keeps a storm of reports from slowing down other mail by releasing replies to its clients a few at a time
/// (`ReplyPacer`).
///
/// Promises: each reply goes out exactly once, at the latest a moment after `ReplyPacer.patience`. The mail is already
/// durable by then; only the client waits.
package final class ReplyPacing: Sendable {
  package typealias Answer = @Sendable () -> Void

  private struct State {
    var pacer = ReplyPacer<Answer>()
    var isTimerSet = false
  }

  private let state = Mutex(State())
  private let timer = DispatchQueue(label: "maildedup.reply-pacing")

  package init() {}

  /// Notes that a mail came in that is not a report.
  package func noteOtherMail() { state.withLock { $0.pacer.noteOtherMail(at: .now) } }

  /// Calls `answer`, which replies to a client of a storm, when its turn comes, mostly at once. It must be quick.
  package func give(_ answer: @escaping Answer) { change { $0.add(answer, at: .now) } }

  func connectionOpened() { change { $0.connections += 1 } }

  func connectionClosed() { change { $0.connections -= 1 } }

  private func change(_ change: (inout ReplyPacer<Answer>) -> Void) {
    let (answers, pause) = state.withLock { state in
      change(&state.pacer)
      return Self.step(&state)
    }
    answers.forEach { $0() }
    if let pause { setTimer(pause) }
  }

  /// Takes the replies that are due and plans the timer.
  ///
  /// - Returns: the replies to release now, and the time until the next check is due, or nil if a timer is already set
  ///   or not needed.
  private static func step(_ state: inout State) -> ([Answer], Duration?) {
    let now = ContinuousClock.now
    let answers = state.pacer.due(at: now)
    guard let oldest = state.pacer.oldest, !state.isTimerSet else { return (answers, nil) }
    state.isTimerSet = true
    return (answers, now.duration(to: oldest + ReplyPacer<Answer>.patience))
  }

  private func setTimer(_ pause: Duration) {
    let milliseconds = Int(pause / .milliseconds(1)) + 1
    timer.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [self] in
      let (answers, pause) = state.withLock { state in
        state.isTimerSet = false
        return Self.step(&state)
      }
      answers.forEach { $0() }
      if let pause { setTimer(pause) }
    }
  }
}
