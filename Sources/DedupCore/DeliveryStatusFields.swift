import MailMessage

/// The `message/delivery-status` part of a notification: one group of fields for the message and one for each
/// recipient (RFC 3464 section 2).
enum DeliveryStatusFields {
  static func render(_ notification: DeliveryStatusNotification) -> [UInt8] {
    let groups = [message(notification)] + notification.failures.map { recipient($0, notification) }
    return Array(groups.joined(separator: [0x0D, 0x0A]))
  }

  private static func message(_ notification: DeliveryStatusNotification) -> [UInt8] {
    HeaderWriter.text("Reporting-MTA", "dns; \(notification.hostname)")
      + HeaderWriter.text("X-MailDedup-Queue-ID", notification.entry.id.description)
      + HeaderWriter.text("Arrival-Date", notification.entry.queuedAt.civil().rfc5322)
  }

  private static func recipient(
    _ failure: Settlement.Failure, _ notification: DeliveryStatusNotification
  ) -> [UInt8] {
    var fields = HeaderWriter.text("Final-Recipient", address(failure.recipient))
    fields += HeaderWriter.text("Action", notification.kind.rawValue)
    fields += HeaderWriter.text("Status", status(failure.status, notification.kind))
    fields += HeaderWriter.text("Diagnostic-Code", diagnostic(failure.reason))
    fields += HeaderWriter.text("Last-Attempt-Date", notification.at.civil().rfc5322)
    if notification.kind == .delayed, let until = notification.retryUntil {
      fields += HeaderWriter.text("Will-Retry-Until", until.civil().rfc5322)
    }
    return fields
  }

  /// `rfc822; a@b`, or for an address outside ASCII the 7-bit form of RFC 6533 section 3.
  private static func address(_ address: EmailAddress) -> String {
    if address.text.utf8.allSatisfy({ $0 < 0x80 }) { return "rfc822; \(address)" }
    let encoded = address.text.unicodeScalars.map {
      (0x21...0x7E).contains($0.value) && !"\\+=".unicodeScalars.contains($0)
        ? String($0) : "\\x{\(String($0.value, radix: 16, uppercase: true))}"
    }
    return "utf-8; \(encoded.joined())"
  }

  /// A reply of the next hop, or words of our own where it never got to reply. `Diagnostic-Code` must be ASCII.
  private static func diagnostic(_ reason: String) -> String {
    let text = String(DisplayText.oneLine(reason, limit: 1000).map { $0.isASCII ? $0 : "?" })
    let isReply = text.utf8.prefix(3).count == 3 && text.utf8.prefix(3).allSatisfy { (48...57).contains($0) }
    return isReply ? "smtp; \(text)" : "x-maildedup; \(text)"
  }

  /// The code if it has the form of RFC 3463 and fits the action, else the general one of its class. A mail given up
  /// for its age keeps `4.4.7`.
  private static func status(_ status: String, _ kind: DeliveryStatusNotification.Kind) -> String {
    let parts = status.split(separator: ".", omittingEmptySubsequences: false)
    let isWellFormed =
      parts.count == 3
      && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (48...57).contains($0) } }
    switch kind {
    case .failed: return isWellFormed && (parts[0] == "5" || parts[0] == "4") ? status : "5.0.0"
    case .delayed: return isWellFormed && parts[0] == "4" ? status : "4.0.0"
    }
  }
}
