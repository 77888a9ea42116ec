/// The sender and the recipients of a mail, from MAIL and RCPT (RFC 5321 section 2.3.1).
///
/// The header of the message is never consulted for routing.
package struct Envelope: Hashable, Sendable, Codable {
  /// The reverse-path. The null sender `<>` of bounces (RFC 5321 section 4.5.5) is `EmailAddress.null`.
  package var sender: EmailAddress
  /// The forward-paths in the order in which the client named them; a recipient named twice is listed twice.
  package var recipients: [EmailAddress]
  /// The `BODY=` parameter of MAIL (RFC 6152). smtplib sends 8-bit text without it, so `.unspecified` does not promise
  /// 7 bits.
  package var body: BodyType
  /// True if MAIL had `SMTPUTF8` (RFC 6531).
  package var usesSMTPUTF8: Bool
  /// The delivery status request of the client (RFC 3461); nil, as for nearly all mail, if it made none.
  package var statusRequest: DeliveryStatusRequest?

  package enum BodyType: String, Hashable, Sendable, Codable {
    case unspecified = ""
    case sevenBit = "7BIT"
    case eightBitMIME = "8BITMIME"
  }

  package init(
    sender: EmailAddress, recipients: [EmailAddress], body: BodyType = .unspecified, usesSMTPUTF8: Bool = false,
    statusRequest: DeliveryStatusRequest? = nil
  ) {
    self.sender = sender
    self.recipients = recipients
    self.body = body
    self.usesSMTPUTF8 = usesSMTPUTF8
    self.statusRequest = statusRequest
  }

  /// Adds a recipient with the request that RCPT made for it.
  package mutating func add(_ recipient: EmailAddress, _ wish: DeliveryStatusRequest.Wish) {
    recipients.append(recipient)
    guard !wish.isEmpty else { return }
    if statusRequest == nil { statusRequest = DeliveryStatusRequest() }
    statusRequest?.wishes[recipient] = wish
  }

  /// Returns the request of the client for `recipient`; empty if it made none.
  package func wish(for recipient: EmailAddress) -> DeliveryStatusRequest.Wish {
    statusRequest?.wishes[recipient] ?? DeliveryStatusRequest.Wish()
  }
}
