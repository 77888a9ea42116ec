import DedupCore
import GRDB
import MailMessage

/// One transaction in the making: what its jobs did so far, and what to write before it commits.
///
/// Windows and counts are kept here while the batch runs and written once at its end, so that the mails of a storm,
/// which all touch the same rows, cost one update together. Not thread-safe: lives and dies inside the transaction.
final class Batch {
  let db: Database
  let policy: WindowPolicy
  let limits: StoreLimits
  let render: Render
  var windows: WindowTable
  var tally = TallyTable()
  var samples = SampleTable()
  var effects = Effects()
  private lazy var space = DiskSpace(path: directory)
  private let directory: String

  /// What to do once the transaction is durable.
  struct Effects {
    /// Something was added that can be delivered.
    var addedMail = false
    /// Files whose entries are gone.
    var orphans: [String] = []
    /// Messages of fingerprints that have no explanation yet, by the row of the fingerprint.
    var unexplained: [Int64: [UInt8]] = [:]
  }

  /// Says what leaves of a mail that is forwarded.
  typealias Render = @Sendable (Submission, Verdict) -> ForwardedMail.Rendering

  init(_ db: Database, directory: String, policy: WindowPolicy, limits: StoreLimits, render: @escaping Render) {
    self.db = db
    self.directory = directory
    self.render = render
    self.policy = policy
    self.limits = limits
    windows = WindowTable(variants: VariantTable(limit: limits.variants))
  }

  /// Writes what was gathered; the last thing before the commit.
  func flush() throws {
    try windows.flush(db)
    try tally.flush(db)
    try samples.flush(db)
  }
}

extension Batch {
  /// Decides over one mail and writes what follows. `file` holds the message when it is a large one.
  func accept(_ submission: Submission, file: BodyFile?) throws -> Verdict {
    switch submission.judged {
    case .pass(let reason): return try forward(submission, .forward(.pass(reason), nil), .passed, file)
    case .doubt(let reason): return try forward(submission, .forward(.doubt(reason), nil), .doubtful, file)
    case .report(let occurrence): return try decide(submission, occurrence, file)
    }
  }

  /// Adds a mail of our own, due at once.
  func enqueue(_ mail: OwnMail, file: BodyFile?) throws {
    let entry = QueueTable.NewEntry(
      id: mail.id, kind: mail.kind, envelope: mail.envelope, queuedAt: mail.id.time, opened: nil)
    try QueueTable.insert(entry, StoredMessage(Message(mail.message), .init(top: []), file: file), db)
    effects.addedMail = true
  }

  private func decide(_ submission: Submission, _ occurrence: Occurrence, _ file: BodyFile?) throws -> Verdict {
    let now = submission.receivedAt
    let (verdict, window) = try windows.decide(occurrence, submission.envelope, policy, now: now, db)
    samples.note(
      window.id, isFirst: window.isNew, submission.message, limit: limits.sampleOctets, at: now)
    if !window.isExplained, submission.message.tail == nil {
      effects.unexplained[window.id] = submission.message.head
    }
    switch verdict {
    case .forward(let reason, let count):
      tally.add(.forwarded, verdict.reason, fingerprint: window.id, at: now)
      // A variant goes out beside the mail that opened the window: when it is rejected, that one still stands.
      let opened =
        reason == .newVariant
        ? nil : QueueTable.OpenedWindow(fingerprint: window.id, start: now, carried: count?.heldBack ?? 0)
      try insert(submission, verdict, .report, opened, file)
    case .suppress:
      tally.add(.suppressed, verdict.reason, fingerprint: window.id, at: now)
      if let file { effects.orphans.append(file.name) }
    }
    return verdict
  }

  private func forward(
    _ submission: Submission, _ verdict: Verdict, _ outcome: Outcome, _ file: BodyFile?
  ) throws -> Verdict {
    tally.add(outcome, verdict.reason, fingerprint: nil, at: submission.receivedAt)
    try insert(submission, verdict, .pass, nil, file)
    return verdict
  }

  private func insert(
    _ submission: Submission, _ verdict: Verdict, _ kind: QueueEntry.Kind, _ opened: QueueTable.OpenedWindow?,
    _ file: BodyFile?
  ) throws {
    let entry = QueueTable.NewEntry(
      id: submission.id, kind: kind, envelope: submission.envelope, queuedAt: submission.receivedAt, opened: opened)
    // What is in the database is in the WAL before that.
    let room = file == nil ? 2 * submission.message.count : 0
    if let shortage = space?.shortage(for: room, limits) { throw shortage }
    space?.free -= room
    let message = StoredMessage(submission.message, render(submission, verdict), file: file)
    try QueueTable.insert(entry, message, db)
    effects.addedMail = true
  }
}

extension QueueID {
  /// When the mail of this id was accepted.
  var time: Timestamp { Timestamp(milliseconds: rawValue >> 20) }
}
