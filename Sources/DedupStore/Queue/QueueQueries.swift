import DedupCore
import GRDB
import MailMessage

/// Queries on the queue.
enum QueueQueries {
  private static let columns = """
    id, sender, body_type, smtputf8, octets, queued_at, attempts, next_attempt, last_failure, kind, delay_notified,
    delivered, dsn_ret, dsn_envid, envelope_crc32c, recipients, aside, rerouted_to, paced_by
    """

  /// Returns the entries to try now. Ordinary mail goes first and has nine of ten places; the tenth is for reports and
  /// our own mail. Within either kind, half of the places are for fresh mail, so that a backlog of retries never
  /// starves it, and vice versa; places that one side does not need go to the other. Within each, the earliest due time
  /// comes first. If there is more fresh mail than places, half of it is the newest, alternating with the oldest: a
  /// mail that someone is waiting for is not stuck behind a backlog that was never tried, and the backlog still drains
  /// from its old end.
  static func due(
    _ filter: DueFilter, now: Timestamp, limit: Int, excluding: Set<QueueID>, _ db: Database
  ) throws -> Due {
    var found = Due()
    guard limit > 0 else { return found }
    let chosen: [Found]
    if case .old(let since, let expired) = filter {
      chosen = try old(since: since, expired: expired, limit: limit, excluding: excluding, db)
    } else {
      let search = Search(now: now, isRerouted: filter == .rerouted, excluding: excluding)
      let ordinary = try mail(of: .pass, search, limit: limit, db)
      let other = try mail(of: .other, search, limit: limit, db)
      let share = max(limit - other.count, limit - limit / 10)
      chosen = Array(ordinary.prefix(share) + other.prefix(limit - min(ordinary.count, share)))
    }
    for candidate in chosen {
      let (entry, isIntact) = try candidate.checkedEntry(db)
      if isIntact { found.entries.append(entry) } else { found.damaged.append(entry.id) }
    }
    return found
  }

  private static func mail(of kind: Kind, _ search: Search, limit: Int, _ db: Database) throws -> [Found] {
    let retries = try due(Line(.retry, kind), search, limit: limit, db)
    let share = max(limit - retries.count, (limit + 1) / 2)
    let fresh = try freshMail(kind, search, share: share, db)
    return fresh + retries.prefix(limit - fresh.count)
  }

  /// The entries that are due.
  struct Due {
    var entries: [QueueEntry] = []
    /// The entries whose recipients are no longer known for certain.
    var damaged: [QueueID] = []
  }

  private static func freshMail(_ kind: Kind, _ search: Search, share: Int, _ db: Database) throws -> [Found] {
    let fresh = Line(.fresh, kind)
    let oldest = try due(fresh, search, limit: share + 1, db)
    guard oldest.count > share else { return oldest }
    let newest = try due(fresh, search, .newestFirst, limit: share / 2, db).reversed()
    let early = oldest.prefix(share - newest.count)
    // Both lists are in order of age, so two mails of one sender keep their order within each.
    return zip(early, newest).flatMap { [$0, $1] } + early.dropFirst(newest.count)
  }

  /// Returns the entries that were queued before `since` and whose sender was not told of the delay, and all that were
  /// queued before `expired`; the oldest first.
  private static func old(
    since: Timestamp, expired: Timestamp, limit: Int, excluding: Set<QueueID>, _ db: Database
  ) throws -> [Found] {
    // IDs begin with the time of arrival.
    let statement = try db.cachedStatement(
      sql: """
        SELECT \(columns) FROM entry
        WHERE id <= ?1 AND aside = 0 AND (delay_notified = 0 AND queued_at <= ?2 OR queued_at <= ?3) ORDER BY id
        """)
    return try taken(
      Row.fetchCursor(
        statement,
        arguments: [QueueID(at: since, salt: .max).rawValue, since.milliseconds, expired.milliseconds]),
      limit: limit, excluding: excluding)
  }

  /// Returns the time when the next entry is due, leaving out those in `excluding`; nil if there is none.
  static func nextDue(_ filter: DueFilter, excluding: Set<QueueID>, _ db: Database) throws -> Timestamp? {
    if case .old = filter { return nil }
    let rerouted = filter == .rerouted ? rerouted : ""
    let firsts = try Line.all.compactMap { line -> Timestamp? in
      let statement = try db.cachedStatement(
        sql: "SELECT id, next_attempt FROM entry WHERE aside = 0 AND \(line.condition)\(rerouted) ORDER BY next_attempt"
      )
      let rows = try Row.fetchCursor(statement)
      while let row = try rows.next() {
        if !excluding.contains(QueueID(rawValue: try row.integer(0))) { return try row.time(1) }
      }
      return nil
    }
    return firsts.min()
  }

  /// Returns the entries that wait or were set aside, oldest first.
  static func all(_ filter: QueueFilter, _ db: Database) throws -> [QueueEntry] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT \(columns) FROM entry
        WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR sender GLOB ?2)
          AND (?3 IS NULL OR EXISTS (SELECT 1 FROM recipient WHERE entry_id = entry.id AND address GLOB ?3))
          AND (?4 IS NULL OR aside = ?4) AND (?5 IS NULL OR (attempts > 0) = ?5)
        ORDER BY id LIMIT ?6
        """)
    let (aside, wasTried) = filter.state.map(condition) ?? (nil, nil)
    return try Row.fetchAll(
      statement,
      arguments: [
        filter.kind?.rawValue, filter.sender, filter.recipient, aside?.rawValue, wasTried, max(0, filter.limit),
      ]
    ).map { try Found($0).entry(db) }
  }

  /// Returns the entries that wait for the limits of a next hop, in the order of their time.
  static func paced(_ db: Database) throws -> [QueueEntry] {
    try Row.fetchAll(
      db, sql: "SELECT \(columns) FROM entry WHERE aside = 0 AND paced_by IS NOT NULL ORDER BY next_attempt, id"
    ).map { try Found($0).entry(db) }
  }

  /// Returns the value of `aside` to look for, and whether the entry was tried; nil means either.
  private static func condition(_ state: QueueEntry.State) -> (QueueTable.Aside?, Bool?) {
    switch state {
    case .waiting: (.nothing, false)
    case .deferred: (.nothing, true)
    case .held: (.held, nil)
    case .setAside: (.damaged, nil)
    }
  }

  /// Returns the IDs within `range`, the lowest first, including those of damaged entries.
  static func ids(in range: ClosedRange<QueueID>, limit: Int, _ db: Database) throws -> [QueueID] {
    let statement = try db.cachedStatement(sql: "SELECT id FROM entry WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?")
    return try Row.fetchAll(
      statement, arguments: [range.lowerBound.rawValue, range.upperBound.rawValue, limit]
    ).map { QueueID(rawValue: try $0.integer(0)) }
  }

  /// Returns an entry, whole or not, damaged or not.
  static func shown(_ id: QueueID, _ db: Database) throws -> QueueEntry? {
    let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM entry WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id.rawValue]).map { try Found($0).entry(db) }
  }

  /// Returns an entry that is intact; nil if there is none.
  ///
  /// - Throws: also if the entry is not the one that was written.
  static func entry(_ id: QueueID, _ db: Database) throws -> QueueEntry? {
    let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM entry WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id.rawValue]).map { row in
      let (entry, isIntact) = try Found(row).checkedEntry(db)
      guard isIntact else { throw StoreFailure.damaged("queue entry") }
      return entry
    }
  }

  static func status(_ db: Database) throws -> QueueStatus {
    let statement = try db.cachedStatement(
      sql: """
        SELECT COUNT(*), MIN(queued_at), IFNULL(SUM(octets), 0), COUNT(CASE WHEN aside = 2 THEN 1 END),
          (SELECT COUNT(*) FROM entry INDEXED BY entry_doubt WHERE doubt_id IS NOT NULL AND aside = 2)
        FROM entry WHERE aside = 0 OR aside = 2 AND doubt_id IS NULL
        """)
    guard let row = try Row.fetchOne(statement) else { return QueueStatus() }
    return QueueStatus(
      waiting: try row.count(0), oldest: try row.optionalTime(1), octets: try row.count(2), held: try row.count(3),
      doubts: try row.count(4))
  }

  /// The two kinds of mail in the queue: mail of the site together with alerts, and all other mail.
  enum Kind: String, CaseIterable {
    // Spelled like the indexes.
    case pass = "kind IN ('pass', 'alert')"
    case other = "kind NOT IN ('pass', 'alert')"
  }

  /// A line in which mail waits, with an index of its own.
  private struct Line {
    enum Attempts: String, CaseIterable {
      // Spelled like the indexes.
      case fresh = "attempts = 0"
      case retry = "attempts > 0"
    }

    let condition: String

    init(_ attempts: Attempts, _ kind: Kind) { condition = "\(attempts.rawValue) AND \(kind.rawValue)" }

    static let all = Attempts.allCases.flatMap { attempts in Kind.allCases.map { Line(attempts, $0) } }
  }

  private static let rerouted = " AND rerouted_to IS NOT NULL"

  /// The order by the time when a mail became due; both read an index from one of its ends.
  private enum Order: String, CaseIterable {
    case oldestFirst = "next_attempt, id"
    case newestFirst = "next_attempt DESC, id DESC"
  }

  private struct Search {
    var now: Timestamp
    var isRerouted: Bool
    var excluding: Set<QueueID>
  }

  private static func due(
    _ line: Line, _ search: Search, _ order: Order = .oldestFirst, limit: Int, _ db: Database
  ) throws -> [Found] {
    let statement = try db.cachedStatement(sql: dueSelect(line, order, isRerouted: search.isRerouted))
    return try taken(
      Row.fetchCursor(statement, arguments: [search.now.milliseconds]), limit: limit, excluding: search.excluding)
  }

  private static func taken(_ rows: RowCursor, limit: Int, excluding: Set<QueueID>) throws -> [Found] {
    var found: [Found] = []
    while found.count < limit, let row = try rows.next() {
      let entry = try Found(row)
      if !excluding.contains(entry.withoutRecipients.id) { found.append(entry) }
    }
    return found
  }

  private static func dueSelect(_ line: Line, _ order: Order, isRerouted: Bool = false) -> String {
    """
    SELECT \(columns) FROM entry WHERE aside = 0 AND \(line.condition) AND next_attempt <= ?\(isRerouted ? rerouted : "")
    ORDER BY \(order.rawValue)
    """
  }

  /// The query plans of SQLite for the due queries, for tests.
  static func plans(_ db: Database) throws -> [String] {
    try Line.all.flatMap { line in Order.allCases.map { dueSelect(line, $0) } }.map {
      let steps = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \($0)", arguments: [0])
      return try steps.map { try $0.text(3) }.joined(separator: "; ")
    }
  }

  /// A row of the queue whose recipients are not fetched yet.
  private struct Found {
    var withoutRecipients: QueueEntry
    private let isIntact: Bool
    /// The number of recipients; nil in entries of earlier versions.
    private let recipients: Int64?

    init(_ row: Row) throws {
      guard let body = Envelope.BodyType(rawValue: try row.text(2)),
        let kind = QueueEntry.Kind(rawValue: try row.text(9))
      else { throw StoreFailure.damaged("queue entry") }
      let (id, sender) = (QueueID(rawValue: try row.integer(0)), try row.text(1))
      let checksum = EnvelopeChecksum.entry(
        id, usesSMTPUTF8: try row.integer(3) != 0, [sender, body.rawValue, kind.rawValue])
      isIntact = try row.optionalInteger(14).map { $0 == checksum } ?? true
      recipients = try row.optionalInteger(15)
      withoutRecipients = QueueEntry(
        id: id, sender: EmailAddress(sender), recipients: [], body: body,
        usesSMTPUTF8: try row.integer(3) != 0, size: try row.count(4), queuedAt: try row.time(5),
        attempts: try row.count(6), nextAttempt: try row.time(7), lastFailure: try row.optionalText(8), kind: kind,
        delayNotified: try row.integer(10) != 0, hasDelivered: try row.integer(11) != 0)
      // A request that cannot be parsed counts as not made: no mail is held back for it.
      let request = DeliveryStatusRequest(
        returns: try row.optionalText(12).flatMap { DeliveryStatusRequest.Returns(rawValue: $0) },
        envelopeID: try row.optionalText(13).flatMap { Xtext($0) })
      if !request.isEmpty { withoutRecipients.statusRequest = request }
      switch QueueTable.Aside(rawValue: try row.integer(16)) {
      case .held: withoutRecipients.state = .held
      case .damaged: withoutRecipients.state = .setAside
      case .nothing, nil: break
      }
      withoutRecipients.reroutedTo = try row.optionalText(17).flatMap { Smarthost($0) }
      withoutRecipients.pacedBy = try row.optionalText(18)
    }

    func entry(_ db: Database) throws -> QueueEntry { try checkedEntry(db).entry }

    /// Returns the entry with its recipients, and whether its whole envelope is what was written.
    func checkedEntry(_ db: Database) throws -> (entry: QueueEntry, isIntact: Bool) {
      var entry = withoutRecipients
      var envelope = entry.envelope
      let found = try QueueTable.recipients(of: entry.id, db)
      for recipient in found { envelope.add(recipient.address, recipient.wish) }
      (entry.recipients, entry.statusRequest) = (envelope.recipients, envelope.statusRequest)
      let isWhole = recipients.map { $0 == Int64(found.count) } ?? true
      return (entry, isIntact && isWhole && found.allSatisfy(\.isIntact))
    }
  }
}
