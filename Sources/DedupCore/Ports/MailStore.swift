package import MailMessage

/// One accepted message on its way to the commit point.
package struct Submission: Sendable {
  package var id: QueueID
  package var receivedAt: Timestamp
  package var envelope: Envelope
  /// The message as the client sent it.
  package var message: Message
  private let trace: @Sendable () -> [UInt8]
  private let judging: Lazily<Judged>

  /// The `Received:` field of this hop with its CRLF, to be put on top of whatever leaves.
  package var received: [UInt8] { trace() }

  /// What kind of mail it is; see `init`.
  package var judged: Judged { judging.value }

  /// - Parameters:
  ///   - received: is put together for whoever asks. Mail that is held back needs none.
  ///   - judged: is worked out by whoever asks for it first. That is the thread that makes the mail durable: judging a
  ///     batch in a row takes less time than judging each mail between the sockets of an event loop.
  package init(
    id: QueueID, receivedAt: Timestamp, envelope: Envelope, received: @autoclosure @escaping @Sendable () -> [UInt8],
    message: Message,
    judged: @autoclosure @escaping @Sendable () -> Judged
  ) {
    self.id = id
    self.receivedAt = receivedAt
    self.envelope = envelope
    trace = received
    self.message = message
    judging = Lazily(judged)
  }
}

/// A mail of our own: a bounce or a summary.
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

/// Why something could not be made durable. Nothing of it counts as stored.
package struct StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package var kind: Kind
  /// What happened and what to do, for the log.
  package var description: String
  /// The transactions that held it and failed. One whose sync failed may be found whole after a crash all the same, so
  /// whoever puts the mail elsewhere keeps these beside it.
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
  /// Decides over `submission` and makes it durable, as a queue entry or as a counted suppression, sharing the sync
  /// with whatever else waits at the moment.
  ///
  /// - Parameter completion: called once, on a thread of the store's; a success means synced to disk.
  func accept(_ submission: Submission, completion: @escaping @Sendable (Result<Verdict, StoreFailure>) -> Void)

  /// The packages that reports of this envelope listed as their site's own, the oldest first (`SitePackages`). Durable,
  /// so that an error which is named by them is named so after a start as well.
  func packages(of envelope: Envelope) -> [String]
}
