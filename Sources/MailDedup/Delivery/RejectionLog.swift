import DedupCore
import EventLog
import Logging
import MailMessage

/// The watch on next hops that reject mail about errors, with a line in the log when a row of rejections begins and
/// ends. The queue and `SafetyNet` share it, so that a full disk hides no rejection.
final class RejectionLog: Sendable {
  private let state = Live(RejectionWatch())
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  var watch: RejectionWatch { state.value }

  /// Records the outcome of an attempt for an entry of the queue; see `RejectionWatch.note`.
  func note(_ settlement: inout Settlement, of entry: QueueEntry, at now: Timestamp) {
    var change: RejectionWatch.Change?
    state.change { change = $0.note(&settlement, of: entry, at: now) }
    tell(change, of: settlement.nextHop)
  }

  /// Records the outcomes of a mail that was handed on past the queue.
  func note(_ result: DeliveryResult, of kind: QueueEntry.Kind, at now: Timestamp) {
    var change: RejectionWatch.Change?
    state.change { change = $0.note(result, of: kind, at: now) }
    tell(change, of: result.nextHop)
  }

  private func tell(_ change: RejectionWatch.Change?, of nextHop: String) {
    switch change {
    case .begins(let run):
      logger.event(
        .error, .nextHopRejects,
        [
          .nextHop: "\(nextHop)", .reason: "\(run.reason)",
          .tookUntil: "\(run.tookUntil.map { $0.civil().rfc5322 } ?? "never since the start")",
        ])
    case .ends(let run):
      logger.event(.notice, .nextHopTakesAgain, [.nextHop: "\(nextHop)", .rejected: "\(run.mails)"])
    case nil: break
    }
  }
}
