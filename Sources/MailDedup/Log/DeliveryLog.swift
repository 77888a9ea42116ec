import DedupCore
import Logging
import MailMessage

extension Logger {
  /// Logs the outcome of each recipient, a line for each.
  func log(_ settlement: Settlement, of entry: QueueEntry) {
    let common: Metadata = [
      "id": .string(entry.id.description), "next_hop": .string(settlement.nextHop),
      "attempts": .string(String(settlement.attempts)),
    ]
    for recipient in settlement.delivered {
      var metadata = common
      metadata["to"] = .string("<" + recipient.text + ">")
      info("sent", metadata: metadata)
    }
    for recipient in settlement.remaining {
      warning(
        "deferred",
        metadata: common.merging([
          "to": "<\(recipient)>", "reason": "\(settlement.lastFailure ?? settlement.pacedBy ?? "unknown")",
        ]) { $1 })
    }
    for failure in settlement.failed {
      error(
        "failed",
        metadata: common.merging([
          "to": "<\(failure.recipient)>", "status": "\(failure.status)", "reason": "\(failure.reason)",
        ]) { $1 })
    }
  }
}
