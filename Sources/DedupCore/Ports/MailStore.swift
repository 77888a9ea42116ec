package import MailMessage

/// One accepted message on its way to the commit point.
package struct Submission: Sendable {
  package var id: QueueID
  package var receivedAt: Timestamp
  package var envelope: Envelope
  /// The message as the client sent it.
  package var message: Message
  /// Builds the `Received:` field of this hop with its CRLF, to be put on top of the message when it is sent. Mail that
  /// is held back needs none.
  package var received: @Sendable () -> [UInt8]
  /// Judges the mail. The store calls it once, on the thread that makes the mail durable: judging a batch in a row takes
  /// less time than judging each mail between the sockets of an event loop. Everybody else gets the result from the
  /// store.
  package var judge: @Sendable () -> Judged

  package init(
    id: QueueID, receivedAt: Timestamp, envelope: Envelope, received: @escaping @Sendable () -> [UInt8],
    message: Message, judge: @escaping @Sendable () -> Judged
  ) {
    self.id = id
    self.receivedAt = receivedAt
    self.envelope = envelope
    self.received = received
    self.message = message
    self.judge = judge
  }
}

/// A mail that the relay sends on its own, such as a bounce, a notice, a summary or a copy of a kept mail.
package struct OwnMail: Sendable {
  package var id: QueueID
  package var envelope: Envelope
  package var message: [UInt8]
  package var kind: QueueEntry.Kind

  package init(id: QueueID, envelope: Envelope, message: [UInt8], kind: QueueEntry.Kind) {
    self.id = id
    self.envelope = envelope
    self.message = message
    self.kind = kind
  }
}

/// The reason why data could not be made durable. None of the data counts as stored.
package struct StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package var kind: Kind
  /// A description of the failure with its remedy, for the log.
  package var description: String
  /// The transactions that contained the data and failed. A transaction whose sync failed may still be found complete
  /// after a crash, so a caller that puts the mail elsewhere stores these numbers with it.
  package var transactions: [Int64] = []

  package enum Kind: String, Hashable, Sendable, Codable {
    case diskFull = "disk-full"
    case ioError = "io-error"
    /// A part of a file cannot be read: a bad sector.
    case unreadable
    case corrupt
    case locked
    case readOnly = "read-only"
    case closed
    case other
  }

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// The commit point: windows, counts and queue behind one durable transaction.
package protocol MailStore: Sendable {
  /// Decides about `submission` and makes it durable, as a queue entry or as a counted suppression. The sync is shared
  /// with all other submissions that wait at the moment.
  ///
  /// - Parameter completion: called once, on a thread of the store, with what `submission.judge` said and what became of
  ///   the mail. Success means synced to disk. The mail was judged exactly once, also if the store failed.
  func accept(
    _ submission: Submission, completion: @escaping @Sendable (Judged, Result<Verdict, StoreFailure>) -> Void)

  /// Returns the packages that reports of this envelope listed as their site's own, the oldest first (`SitePackages`).
  /// They are durable, so that an error named by them keeps its name after a restart.
  func packages(of envelope: Envelope) -> [String]
}
