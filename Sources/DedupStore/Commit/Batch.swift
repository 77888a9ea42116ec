import DedupCore
import GRDB
import MailMessage
import RelayMail

/// A transaction in progress: what its jobs did so far, and what to write before it commits.
///
/// Windows and counts are kept here while the batch runs and written once at its end, so that the mails of a storm,
/// which all change the same rows, cost one update together. Not thread-safe: it exists only inside the transaction.
final class Batch {
  let db: Database
  let policy: WindowPolicy
  let noticeMode: NoticeMode
  /// The number of recipients that may be told of errors one by one in this batch; nil: any.
  private let noticeRoom: Int?
  /// The number of recipients that this batch tells of errors one by one.
  private(set) var noticed = 0
  let limits: StoreLimits
  let letterhead: Letterhead
  let naming: FleetNaming
  var windows: WindowTable
  var tally = TallyTable()
  var samples = SampleTable()
  var packages: PackageTable
  /// The waiting samples, before and after this batch.
  private(set) var latest: LatestSamples
  var unchanged: UnchangedEntries
  var effects = Effects()
  /// The windows of the previous batch.
  private let known: KnownWindows?
  private lazy var space = DiskSpace(path: directory)
  private let directory: String

  /// The work to do once the transaction is durable.
  struct Effects {
    /// The mail that can be delivered now.
    var added = AddedMail()
    /// True if an admin changed waiting mail.
    var changedQueue = false
    /// The files whose entries are gone.
    var orphans: [String] = []
    /// The messages of fingerprints that have no explanation yet, by the row of the fingerprint.
    var unexplained: [Int64: Unexplained] = [:]
  }

  init(
    _ db: Database, directory: String, policy: WindowPolicy, noticeMode: NoticeMode = .oneByOne, noticeRoom: Int? = nil,
    limits: StoreLimits, letterhead: Letterhead, naming: FleetNaming, latest: LatestSamples, memory: BatchMemory,
    packages: SitePackages
  ) {
    self.noticeMode = noticeMode
    self.noticeRoom = noticeRoom
    self.latest = latest
    self.packages = PackageTable(packages)
    unchanged = memory.unchanged
    known = memory.windows
    self.db = db
    self.directory = directory
    (self.letterhead, self.naming) = (letterhead, naming)
    self.policy = policy
    self.limits = limits
    windows = WindowTable(variants: VariantTable(limit: limits.variants), naming: naming)
  }

  /// Takes over the windows of the previous batch if they still hold. Call it first in the transaction.
  ///
  /// - Returns: the state that the windows depend on.
  func begin(changes: Int) throws -> KnownWindows.State {
    let state = try KnownWindows.State(changes: changes, db)
    if let table = known?.table(at: state) { windows = table }
    return state
  }

  /// Returns the memory for the next batch, to be used once this one is durable.
  ///
  /// - Parameter state: the state when this batch began.
  func memory(since state: KnownWindows.State) -> BatchMemory {
    BatchMemory(unchanged: unchanged, windows: KnownWindows(windows, at: state.advanced(db)))
  }

  /// Writes the samples that wait.
  func writeLatestSamples() throws { try SampleTable.write(latest.all(), db) }

  /// Writes the gathered changes. Call it last before the commit.
  func flush() throws {
    try windows.flush(db)
    try tally.flush(db)
    try samples.flush(&latest, db)
  }
}

extension Batch {
  /// Decides on one mail and writes the consequences. `file` holds the message if it is a large one.
  func accept(_ submission: Submission, _ judged: Judged, file: BodyFile?) throws -> Verdict {
    switch judged {
    case .pass(let reason): return try forward(submission, .forward(.pass(reason), nil), .passed, judged.kind, file)
    case .doubt(let doubt): return try decide(submission, doubt, judged.kind, file)
    case .report(let occurrence): return try decide(submission, occurrence, file)
    }
  }

  /// Adds a mail of our own, due at once.
  ///
  /// - Parameters:
  ///   - cap: the site whose storm cap it counts towards, as of `at`.
  /// - Returns: the ID that it got.
  @discardableResult
  func enqueue(_ mail: OwnMail, file: BodyFile?, cap: Int64? = nil, at queuedAt: Timestamp? = nil) throws -> QueueID {
    var entry = QueueTable.NewEntry(
      id: mail.id, kind: mail.kind, envelope: mail.envelope, queuedAt: queuedAt ?? mail.id.time, opened: nil, cap: cap)
    try QueueTable.insert(&entry, StoredMessage(Message(mail.message), .init(top: []), file: file), db)
    effects.added.addOther()
    return entry.id
  }

  /// True if the limits of the next hop leave no room for one more mail about a single error.
  private var tellsInDigests: Bool { noticeMode != .oneByOne || noticeRoom.map { noticed >= $0 } ?? false }

  private func decide(_ submission: Submission, _ occurrence: Occurrence, _ file: BodyFile?) throws -> Verdict {
    let now = submission.receivedAt
    let outcome: WindowTable.Outcome
    switch try windows.decide(occurrence, submission, policy, inDigests: tellsInDigests, db) {
    case .excess(let doubt): return try decide(submission, doubt, .report, file)
    case .decided(let decided): outcome = decided
    }
    let verdict = outcome.decision.verdict
    samples.note(
      submission.message, outcome, variant: occurrence.variant, limit: limits.sampleOctets, at: now)
    if !outcome.isExplained, submission.message.tail == nil {
      let known = packages.packages.names(of: Site.envelopeKey(of: submission.envelope))
      effects.unexplained[outcome.row] = Unexplained(message: submission.message.head, packages: known)
    }
    try packages.note(occurrence, of: submission.envelope, at: now, db)
    switch verdict {
    case .forward(let reason, let count):
      noticed += submission.envelope.recipients.count
      tally.add(.forwarded, verdict.reason, fingerprint: outcome.row, at: now)
      // A variant goes out beside the mail that opened the window: if it is rejected, that one still stands.
      let opened =
        reason == .newVariant
        ? nil : QueueTable.OpenedWindow(fingerprint: outcome.row, start: now, carried: count?.heldBack ?? 0)
      let context = ForwardedMail.Context(
        thread: outcome.thread, subject: outcome.settings.subject, variants: try variants(reason, count, outcome))
      try insert(
        submission, ForwardedMail.render(submission, verdict, of: occurrence, context), .report, opened, file,
        cap: outcome.cap, claim: FleetClaim(reason, outcome, variant: occurrence.variant))
    case .suppress:
      tally.add(.suppressed, verdict.reason, fingerprint: outcome.row, at: now)
      if let file { effects.orphans.append(file.name) }
    }
    if let milestone = outcome.decision.milestone {
      try sendNotice(
        .milestone(milestone), of: outcome.row, outcome.decision.record, outcome.thread, outcome.settings.subject,
        cap: verdict.isForward ? nil : outcome.cap, at: now)
    }
    return verdict
  }

  /// Returns the differences between the variants of an error for its mail to report. A mail that the admin asked for
  /// reports none, unless others were held back.
  private func variants(
    _ reason: ForwardReason, _ count: RunningCount?, _ outcome: WindowTable.Outcome
  ) throws -> VariantSpread {
    if outcome.isNew || reason.isAskedFor && count?.heldBack ?? 0 == 0 { return VariantSpread() }
    return try windows.variants.currentSpread(of: outcome.row, db)
  }

  private func forward(
    _ submission: Submission, _ verdict: Verdict, _ outcome: Outcome, _ kind: QueueEntry.Kind, _ file: BodyFile?
  ) throws -> Verdict {
    tally.add(outcome, verdict.reason, fingerprint: nil, at: submission.receivedAt)
    try insert(submission, ForwardedMail.render(submission, verdict), kind, nil, file)
    return verdict
  }

  private func decide(
    _ submission: Submission, _ doubt: DoubtfulReport, _ kind: QueueEntry.Kind, _ file: BodyFile?
  ) throws -> Verdict {
    let now = submission.receivedAt
    let outcome = try windows.doubts.decide(doubt, submission.envelope, policy, at: now, db)
    guard let row = outcome.row, !outcome.verdict.isForward else {
      return try forward(submission, outcome.verdict, .doubtful, kind, file)
    }
    tally.add(.suppressed, outcome.verdict.reason, fingerprint: nil, at: now)
    let id = try hold(submission, .forward(.doubt(doubt.reason), nil), kind, row, file)
    if id == nil {
      try DroppedTable.add(1, .doubts, now.quarter, db)
      if let file { effects.orphans.append(file.name) }
    }
    // A large mail has its header in a file.
    let start = (try? submission.message.prefix(HeaderEdit.longestHeader)) ?? submission.message.head
    let subject = HeaderEdit.text(of: "subject", in: start) ?? ""
    windows.doubts.note(
      DoubtDigest.Sample(id: id ?? submission.id, subject: DisplayText.oneLine(subject)), of: row)
    return outcome.verdict
  }

  /// Keeps a doubt that is held back, in the form in which it would be sent.
  ///
  /// - Returns: the ID; nil if there is no room.
  private func hold(
    _ submission: Submission, _ verdict: Verdict, _ kind: QueueEntry.Kind, _ row: Int64, _ file: BodyFile?
  ) throws -> QueueID? {
    let octets = submission.message.count
    let (removed, isThereRoom) = try windows.doubts.makeRoom(for: octets, of: row, db)
    try removed.forEach(removeKept)
    try DroppedTable.add(removed.count, .doubts, submission.receivedAt.quarter, db)
    guard isThereRoom else { return nil }
    let room = file == nil ? 2 * octets : 0
    if space?.shortage(for: room, limits) != nil {
      windows.doubts.noteDropped(row, octets: octets)
      return nil
    }
    space?.free -= room
    var entry = QueueTable.NewEntry(
      id: submission.id, kind: kind, envelope: submission.envelope, queuedAt: submission.receivedAt, opened: nil,
      doubt: row)
    try QueueTable.insert(
      &entry, StoredMessage(submission.message, ForwardedMail.render(submission, verdict), file: file), db)
    return entry.id
  }

  /// Removes a mail that was held back.
  func removeKept(_ id: QueueID) throws {
    guard let facts = try QueueTable.facts(id, db) else { return }
    try QueueTable.delete(id, db)
    facts.file.map { effects.orphans.append($0) }
  }

  private func insert(
    _ submission: Submission, _ rendering: ForwardedMail.Rendering, _ kind: QueueEntry.Kind,
    _ opened: QueueTable.OpenedWindow?, _ file: BodyFile?, cap: Int64? = nil, claim: FleetClaim? = nil
  ) throws {
    var entry = QueueTable.NewEntry(
      id: submission.id, kind: kind, envelope: submission.envelope, queuedAt: submission.receivedAt, opened: opened,
      cap: cap, claim: claim)
    // Data in the database is in the WAL before that, so it takes room twice.
    let room = file == nil ? 2 * submission.message.count : 0
    if let shortage = space?.shortage(for: room, limits) { throw shortage }
    space?.free -= room
    let message = StoredMessage(submission.message, rendering, file: file)
    try QueueTable.insert(&entry, message, db)
    unchanged.add(entry, message)
    effects.added.add(entry, message)
  }
}

extension QueueID {
  /// The time when the mail with this ID was accepted.
  var time: Timestamp { Timestamp(milliseconds: rawValue >> 20) }
}
