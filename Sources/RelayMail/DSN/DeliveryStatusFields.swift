import DedupCore
import MailMessage

/// The `message/delivery-status` part of a notification: one group of fields for the message and one for each recipient
/// (RFC 3464 section 2).
enum DeliveryStatusFields {
  static func render(_ notification: DeliveryStatusNotification) -> [UInt8] {
    let groups = [message(notification)] + notification.groups.flatMap(\.reports).map { recipient($0, notification) }
    return Array(groups.joined(separator: [0x0D, 0x0A]))
  }

  private static func message(_ notification: DeliveryStatusNotification) -> [UInt8] {
    exact("Original-Envelope-Id", notification.entry.statusRequest?.envelopeID?.printable)
      + HeaderWriter.text("Reporting-MTA", "dns; \(notification.hostname)")
      + HeaderWriter.text("X-MailDedup-Queue-ID", notification.entry.id.description)
      + HeaderWriter.text("Arrival-Date", notification.entry.queuedAt.civil().rfc5322)
  }

  private static func recipient(
    _ report: DeliveryStatusReport, _ notification: DeliveryStatusNotification
  ) -> [UInt8] {
    var fields = exact("Original-Recipient", notification.entry.wish(for: report.recipient).original?.field)
    fields += HeaderWriter.text("Final-Recipient", address(report.recipient))
    fields += HeaderWriter.text("Action", report.action.rawValue)
    fields += HeaderWriter.text("Status", status(report))
    if let remote = notification.remote { fields += HeaderWriter.text("Remote-MTA", "dns; \(remote.host)") }
    if let reason = report.reason { fields += HeaderWriter.text("Diagnostic-Code", diagnostic(reason)) }
    fields += HeaderWriter.text("Last-Attempt-Date", notification.at.civil().rfc5322)
    if report.action == .delayed, let until = notification.retryUntil {
      fields += HeaderWriter.text("Will-Retry-Until", until.civil().rfc5322)
    }
    return fields
  }

  /// Returns a field whose value a client gave us and looks for in the notification. It is never folded, encoded or
  /// cut, since it is printable ASCII and shorter than any line limit.
  private static func exact(_ name: String, _ value: String?) -> [UInt8] {
    value.map { HeaderWriter.folded(name, [$0]) } ?? []
  }

  /// Returns the address as `rfc822; a@b`, or for an address outside ASCII in the 7-bit form of RFC 6533 section 3.
  private static func address(_ address: EmailAddress) -> String {
    address.isASCII ? "rfc822; \(address)" : "utf-8; \(OriginalRecipient.sevenBit(address))"
  }

  /// Returns a reply of the next hop, or our own words if it never replied. `Diagnostic-Code` must be ASCII.
  private static func diagnostic(_ reason: String) -> String {
    let text = String(DisplayText.oneLine(reason, limit: 1000).map { $0.isASCII ? $0 : "?" })
    let isReply = text.utf8.prefix(3).count == 3 && text.utf8.prefix(3).allSatisfy { (48...57).contains($0) }
    return isReply ? "smtp; \(text)" : "x-maildedup; \(text)"
  }

  /// Returns the status code if it has the form of RFC 3463 and fits the action, else the general code of its class. A
  /// mail given up because of its age keeps `4.4.7`.
  private static func status(_ report: DeliveryStatusReport) -> String {
    let parts = report.status.split(separator: ".", omittingEmptySubsequences: false)
    let isWellFormed =
      parts.count == 3
      && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } }
    switch report.action {
    case .failed: return isWellFormed && (parts[0] == "5" || parts[0] == "4") ? report.status : "5.0.0"
    case .delayed: return isWellFormed && parts[0] == "4" ? report.status : "4.0.0"
    case .relayed, .delivered: return isWellFormed && parts[0] == "2" ? report.status : "2.0.0"
    }
  }
}
