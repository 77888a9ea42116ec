import DedupCore
import GRDB
import MailMessage
import RelayMail

/// The windows that one batch touched, and those that earlier batches left (`KnownWindows`).
struct WindowTable {
  /// The facts about a mail's error that the rest of the batch needs.
  struct Outcome {
    var decision: WindowPolicy.Decision
    /// The row of the fingerprint.
    var row: Int64
    var site: Int64
    /// True if the mail is the first of its fingerprint.
    var isNew: Bool
    /// True if the mail is the first of its variant, and not the first of its fingerprint.
    var isNewVariant: Bool
    var isExplained: Bool
    /// The thread of the error before this mail.
    var thread: MailThread
    var settings: WindowSettings
    /// The site whose storm cap the mail, or the notice sent in its place, counts towards; nil if none.
    var cap: Int64?
  }

  /// The answer to a report.
  enum Answer {
    case decided(Outcome)
    /// The report is of yet another error of an envelope that has too many: a doubt.
    case excess(DoubtfulReport)
  }

  struct Key: Hashable {
    var site: String
    var error: String
  }

  struct Entry {
    var row: ErrorRow
    /// The effect of the rule of the latest mail; nil if none applied.
    var rule: RuleEffect?
    var hasNewThread = false
    /// True if the mail that requests its explanation is in this batch.
    var isBeingExplained = false
  }

  /// The entry of an error, or the name that its row would get.
  enum Place {
    case known(Entry)
    case unknown(name: String)
  }

  /// The entries, by the row of the fingerprint.
  var entries: [Int64: Entry] = [:]
  /// The rows of entries that the database does not know yet.
  private var touched: Set<Int64> = []
  /// The rows, by the names that mails had for them.
  var rows: [Key: Int64] = [:]
  private var sites = SiteTable()
  var variants: VariantTable
  private var silences = SilenceTable()
  private var sent = SentTable()
  var doubts = DoubtTable()

  let naming: FleetNaming

  init(variants: VariantTable, naming: FleetNaming) { (self.variants, self.naming) = (variants, naming) }

  /// The number of known errors.
  var errors: Int { entries.count }

  /// True if the table is small enough to stay in memory between batches.
  var isSmall: Bool {
    errors <= 200 && rows.count <= 200 && sites.size <= 400 && sent.size <= 1000 && doubts.size <= 400
  }

  /// Asks `policy` about one more arrival of an error, and records its verdict. A new fingerprint gets its row at once,
  /// a known one is written when the batch is flushed.
  ///
  /// - Parameter inDigests: true if the limits of the next hop leave no room for mails about single errors.
  mutating func decide(
    _ named: Occurrence, _ submission: Submission, _ policy: WindowPolicy, inDigests: Bool = false, _ db: Database
  ) throws -> Answer {
    let now = submission.receivedAt
    let standing = try standing(of: named.site, submission.envelope, policy, at: now, db)
    var occurrence = named
    occurrence.site = standing.site
    let place = try place(of: occurrence, db)
    let known = place.entry
    if known == nil, try !sites.hasRoom(named.site, db) { return .excess(Self.excess(of: named)) }
    // Settings of single sites do not apply to a site that a visitor may have invented.
    occurrence.site = standing.nominal
    occurrence.rule = policy.rule(named.rule, ofUnknownSite: standing.nominal != named.site)
    let settings = policy.settings(site: occurrence.site.name, rule: occurrence.rule)
    let isNewVariant = try known.map { try variants.isNew(occurrence.variant, of: $0.row.id, db) } ?? false
    let cap = standing.cap ?? known?.row.site
    let isOneOfMany = try known == nil && Self.isOneOfMany(occurrence.kind, in: standing.row, at: now, db)
    let arrival = WindowPolicy.Arrival(
      site: occurrence.site.name, rule: occurrence.rule, isNewVariant: isNewVariant,
      silence: try silences.rule(over: occurrence, known?.row, now: now, naming, db),
      isCapped: try inDigests || isOneOfMany || sent.isCapped(cap, limit: settings.hourlyForwards, now: now, db))
    let decision = policy.decide(known?.row.record, arrival, now: now)
    occurrence.site = standing.site
    let rows = try sites.rows(of: standing, named: named.site, submission.envelope, at: now, db)
    var entry = try entry(at: place, occurrence, submission.message.head, decision.record, in: rows.site, db)
    if known == nil {
      sites.noteError(of: named.site, isJoined: standing.site != named.site, at: now)
      silences.bind(occurrence, to: entry.row.id, naming)
    }
    let thread = entry.row.thread
    entry.row.record = decision.record
    entry.rule = occurrence.rule
    touched.insert(entry.row.id)
    if decision.verdict.isForward, thread.first == nil {
      entry.row.thread.first = MailThread.messageID(of: submission.message.head)
      entry.hasNewThread = true
    }
    let isExplained = entry.row.isExplained || entry.isBeingExplained
    entry.isBeingExplained = true
    entries[entry.row.id] = entry
    let isCounted = decision.mailsCapped > 0
    if isCounted { try sent.note(rows.cap, at: now, db) }
    try variants.note(occurrence, of: entry.row.id, isShown: decision.verdict.isForward, at: now, db)
    return .decided(
      Outcome(
        decision: decision, row: entry.row.id, site: entry.row.site, isNew: known == nil,
        isNewVariant: isNewVariant, isExplained: isExplained, thread: thread, settings: settings,
        cap: isCounted ? rows.cap : nil))
  }

  /// Returns true if as many errors of `kind` were new in a site within the hour as may be sent.
  private static func isOneOfMany(_ kind: String, in site: Int64?, at now: Timestamp, _ db: Database) throws -> Bool {
    guard let site, !kind.isEmpty else { return false }
    let statement = try db.cachedStatement(
      sql: """
        SELECT COUNT(*) FROM (
          SELECT 1 FROM fingerprint INDEXED BY fingerprint_kind
          WHERE site_id = ? AND kind = ? AND kind <> '' AND first_seen > ? AND first_seen <= ? LIMIT ?)
        """)
    let arguments: StatementArguments = [
      site, kind, now.advanced(by: .zero - StormCap.period).milliseconds,
      now.advanced(by: WindowPolicy.tolerance).milliseconds, StormCap.mostOfAKind,
    ]
    return try Row.fetchOne(statement, arguments: arguments)?.count(0) ?? 0 >= StormCap.mostOfAKind
  }

  /// Returns the doubt for an excess error. Errors of one type share a count; a title without a type is a text.
  private static func excess(of occurrence: Occurrence) -> DoubtfulReport {
    let type = occurrence.title.prefix { $0 != ":" }
    let isType =
      type.endIndex < occurrence.title.endIndex
      && type.allSatisfy { $0.isLetter || $0.isNumber || "._".contains($0) }
    return DoubtfulReport(reason: SiteBounds.doubtOfExcess, type: isType ? String(type.prefix(100)) : nil)
  }

  private mutating func standing(
    of site: Site, _ envelope: Envelope, _ policy: WindowPolicy, at now: Timestamp, _ db: Database
  ) throws -> SiteTable.Filing {
    if let known = sites.known(site, at: now) { return known }
    var sites = SiteTable()
    swap(&sites, &self.sites)
    defer { swap(&sites, &self.sites) }
    return try sites.look(for: site, envelope, at: now, db) { row in
      try sent.isCapped(row, limit: policy.settings.hourlyForwards, now: now, db)
    }
  }

  /// Adds the arrivals of an error that the reserve counted; the error gets a row if it has none.
  ///
  /// - Returns: the row; nil if its envelope has no room for another error.
  mutating func add(
    _ arrivals: [ReservedArrival], of error: ReservedError, _ policy: WindowPolicy, _ db: Database
  ) throws -> Int64? {
    guard let first = arrivals.filter(\.fate.isCounted).map(\.at).min() else { return nil }
    let standing = try standing(of: error.site, error.envelope, policy, at: first, db)
    var occurrence = error.occurrence
    occurrence.site = standing.site
    let place = try place(of: occurrence, db)
    if place.entry == nil, try !sites.hasRoom(error.site, db) { return nil }
    let rows = try sites.rows(of: standing, named: error.site, error.envelope, at: first, db)
    var record = place.entry?.row.record ?? .unseen(at: first)
    let usual = policy.settings(site: standing.nominal.name, rule: error.rule).length
    record.add(arrivals, window: record.length ?? usual)
    var entry = try entry(at: place, occurrence, error.head, record, in: rows.site, db)
    if place.entry == nil {
      sites.noteError(of: error.site, isJoined: standing.site != error.site, at: first)
    }
    entry.row.record = record
    touched.insert(entry.row.id)
    entries[entry.row.id] = entry
    return entry.row.id
  }

  /// Counts a mail of our own about errors of `site` and returns true, unless it would exceed the cap.
  mutating func mayTell(_ site: Int64, limit: Int, at now: Timestamp, _ db: Database) throws -> Bool {
    if try sent.isCapped(site, limit: limit, now: now, db) { return false }
    try sent.note(site, at: now, db)
    return true
  }

  /// Writes everything and forgets it, because the rows are about to be changed without this table's knowledge.
  mutating func flushAndForget(_ db: Database) throws {
    try flush(db)
    self = WindowTable(variants: variants.emptied, naming: naming)
  }

  /// Lets the next mail of a fingerprint pass, because the mail that opened its window at `start` never arrived. The
  /// mails that it reported as held back count as held back again. A window that was opened since then stays.
  ///
  /// - Parameter rejectedAt: the time from which `Rejection` counts; nil if an admin deleted the mail: the very next
  ///   one is sent.
  mutating func reopen(
    fingerprint id: Int64, start: Timestamp, carried: Int, rejectedAt: Timestamp?, _ db: Database
  ) throws {
    try flushAndForget(db)
    let statement = try db.cachedStatement(
      sql: """
        UPDATE fingerprint SET window_start = NULL, held = held + ?1,
          rejections = IIF(?4 IS NULL, 0, rejections + 1), rejected_at = ?4, rejected_total = total
        WHERE id = ?2 AND window_start = ?3
        """)
    try statement.execute(arguments: [carried, id, start.milliseconds, rejectedAt?.milliseconds])
  }

  /// Writes all changes; afterwards the table agrees with the database.
  mutating func flush(_ db: Database) throws {
    for id in touched {
      guard let entry = entries[id] else { continue }
      try RecordColumns.write(entry.row.record, entry.rule, to: id, db)
      if entry.hasNewThread {
        let statement = try db.cachedStatement(
          sql: "UPDATE fingerprint SET thread_root = ?, thread_first = ? WHERE id = ?")
        try statement.execute(arguments: [entry.row.thread.root, entry.row.thread.first, id])
      }
      entries[id]?.hasNewThread = false
      entries[id]?.isBeingExplained = false
    }
    touched = []
    try variants.flush(db)
    try silences.flush(db)
    try sent.flush(db)
    try sites.flush(db)
    try doubts.flush(db)
  }
}
