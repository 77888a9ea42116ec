import DedupCore
import EventLog
import Logging
import MailMessage

extension Logger {
  /// Logs the outcome of each recipient, a line for each.
  func log(_ settlement: Settlement, of entry: QueueEntry) {
    let common: LogFields = [
      .id: entry.id.description, .nextHop: settlement.nextHop, .attempts: String(settlement.attempts),
    ]
    for recipient in settlement.delivered {
      event(.info, .sent, common.merging([.recipient: "<" + recipient.text + ">"]) { $1 })
    }
    for recipient in settlement.remaining {
      let reason = settlement.lastFailure ?? settlement.pacedBy ?? "unknown"
      event(.warning, .deferred, common.merging([.recipient: "<\(recipient)>", .reason: reason]) { $1 })
    }
    for failure in settlement.failed {
      event(
        .error, .failed,
        common.merging([
          .recipient: "<\(failure.recipient)>", .status: "\(failure.status)", .reason: failure.reason,
        ]) { $1 })
    }
  }
}
