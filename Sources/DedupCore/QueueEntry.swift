package import MailMessage

/// A mail that waits for delivery. The message itself stays in the store until it is asked for.
package struct QueueEntry: Hashable, Sendable, Codable {
  package var id: QueueID
  package var sender: EmailAddress
  /// Those without a final fate yet.
  package var recipients: [EmailAddress]
  package var body: Envelope.BodyType
  package var usesSMTPUTF8: Bool
  /// Octets of the message.
  package var size: Int
  package var queuedAt: Timestamp
  /// Delivery attempts so far.
  package var attempts: Int
  package var nextAttempt: Timestamp
  /// What the last attempt failed with; nil before the first.
  package var lastFailure: String?
  package var kind: Kind
  /// Whether the sender was told already that this mail is late.
  package var delayNotified: Bool
  /// Whether an earlier attempt delivered it to some recipient, which is no longer among `recipients`.
  package var hasDelivered: Bool
  /// What the sender wants to be told; nil: it said nothing of that.
  package var statusRequest: DeliveryStatusRequest?
  package var state: State
  /// Where an admin sends it; nil: the way of all mail.
  package var reroutedTo: Smarthost?
  /// Why it was not offered yet although it could be: the limits of the next hop; nil: it was, or nothing kept it.
  package var pacedBy: String?

  /// Where the mail comes from.
  package enum Kind: String, Hashable, Sendable, Codable {
    /// Ordinary mail that passes through.
    case pass
    /// An error report that was forwarded.
    case report
    /// A kept error report that an admin sends once more.
    case copy
    /// Our own mail about errors that are held back: a milestone, an all-clear, a digest.
    case notice
    /// Our own daily summary.
    case summary
    /// Our own delivery status notification; never answered by another.
    case bounce
    /// Our own mail that the relay is in trouble; it goes before everything else.
    case alert

    /// Whether errors are held back because such a mail told of them.
    package var opensWindows: Bool {
      switch self {
      case .report, .notice: true
      case .pass, .copy, .summary, .bounce, .alert: false
      }
    }
  }

  package init(
    id: QueueID, sender: EmailAddress, recipients: [EmailAddress], body: Envelope.BodyType, usesSMTPUTF8: Bool,
    size: Int, queuedAt: Timestamp, attempts: Int, nextAttempt: Timestamp, lastFailure: String?, kind: Kind,
    delayNotified: Bool, hasDelivered: Bool = false, statusRequest: DeliveryStatusRequest? = nil,
    state: State? = nil, reroutedTo: Smarthost? = nil, pacedBy: String? = nil
  ) {
    self.pacedBy = pacedBy
    self.id = id
    self.sender = sender
    self.recipients = recipients
    self.body = body
    self.usesSMTPUTF8 = usesSMTPUTF8
    self.size = size
    self.queuedAt = queuedAt
    self.attempts = attempts
    self.nextAttempt = nextAttempt
    self.lastFailure = lastFailure
    self.kind = kind
    self.delayNotified = delayNotified
    self.hasDelivered = hasDelivered
    self.statusRequest = statusRequest
    self.state = state ?? (attempts > 0 ? .deferred : .waiting)
    self.reroutedTo = reroutedTo
  }

  /// The envelope of the next attempt.
  package var envelope: Envelope {
    Envelope(
      sender: sender, recipients: recipients, body: body, usesSMTPUTF8: usesSMTPUTF8, statusRequest: statusRequest)
  }

  /// Of its recipients.
  package var domains: Set<String> { Set(recipients.map(\.domain)) }

  /// What the sender wants to be told of `recipient`.
  package func wish(for recipient: EmailAddress) -> DeliveryStatusRequest.Wish {
    statusRequest?.wishes[recipient] ?? DeliveryStatusRequest.Wish()
  }
}
