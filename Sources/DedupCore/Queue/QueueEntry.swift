package import MailMessage

/// A mail that waits for delivery. The message itself stays in the store until it is asked for.
package struct QueueEntry: Hashable, Sendable, Codable {
  package var id: QueueID
  package var sender: EmailAddress
  /// The recipients that do not have a final outcome yet.
  package var recipients: [EmailAddress]
  package var body: Envelope.BodyType
  package var usesSMTPUTF8: Bool
  /// The size of the message in octets.
  package var size: Int
  package var queuedAt: Timestamp
  /// The number of delivery attempts so far.
  package var attempts: Int
  package var nextAttempt: Timestamp
  /// The error of the last attempt, or nil before the first.
  package var lastFailure: String?
  package var kind: Kind
  /// True if the sender was already told that this mail is late.
  package var delayNotified: Bool
  /// True if an earlier attempt delivered the mail to some recipient, which is no longer among `recipients`.
  package var hasDelivered: Bool
  /// The delivery notifications that the sender asked for, or nil if it did not say.
  package var statusRequest: DeliveryStatusRequest?
  package var state: State
  /// The smarthost that an admin sends the mail to, or nil for the usual route.
  package var reroutedTo: Smarthost?
  /// The limit of the next hop that keeps the mail from being offered although it is due, or nil if it was offered or
  /// no limit applies.
  package var pacedBy: String?

  /// The origin of the mail.
  package enum Kind: String, Hashable, Sendable, Codable {
    /// Ordinary mail that passes through.
    case pass
    /// An error report that was forwarded.
    case report
    /// A kept error report that an admin sends again.
    case copy
    /// Our own mail about errors that are held back: a milestone, an all-clear or a digest.
    case notice
    /// Our own daily or weekly summary.
    case summary
    /// Our own delivery status notification. It is never answered by another one.
    case bounce
    /// Our own mail that the relay is in trouble. It is sent before everything else.
    case alert

    /// True if errors are held back because a mail of this kind reported them.
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

  /// The domains of its recipients, in lower case.
  package var domains: Set<String> { Set(recipients.map(\.domain)) }

  /// Returns the notifications that the sender asked for about `recipient`.
  package func wish(for recipient: EmailAddress) -> DeliveryStatusRequest.Wish {
    statusRequest?.wishes[recipient] ?? DeliveryStatusRequest.Wish()
  }
}

extension Judged {
  /// The kind of the mail in the queue. A report goes out like a doubt if its error has no room, and may hold secrets
  /// all the same.
  package var kind: QueueEntry.Kind {
    switch self {
    case .pass, .doubt: .pass
    case .report: .report
    }
  }
}
