import DedupCore
import Foundation
import GRDB
import MailMessage
import RelayMail

/// The doubts that one batch looked at, by their keys, and the mails that are kept of them.
struct DoubtTable {
  /// The verdict on a mail, and the row of its key, which is nil if doubts are not bounded.
  struct Outcome {
    var verdict: Verdict
    var row: Int64?
  }

  fileprivate struct Entry {
    var row: Int64
    var record: DoubtRecord
    var samples: [DoubtDigest.Sample]
  }

  /// The number of known keys of an envelope.
  private struct Census {
    var all: Int
    /// The number of keys with an open window.
    var open: Int
    var at: Timestamp
  }

  private var entries: [DoubtKey: Entry] = [:]
  private var keys: [Int64: DoubtKey] = [:]
  private var touched: Set<DoubtKey> = []
  /// The envelopes that certain reports came from.
  private var certain: Set<String> = []
  private var census: [String: Census] = [:]
  /// The octets of all mails that are kept; nil if not queried yet.
  private var keptOctets: Int?

  /// The number of items in memory.
  var size: Int { entries.count + certain.count + census.count }

  /// Asks `policy` about one more doubt, and records its verdict.
  mutating func decide(
    _ doubt: DoubtfulReport, _ envelope: Envelope, _ policy: WindowPolicy, at now: Timestamp, _ db: Database
  ) throws -> Outcome {
    let key = Site.envelopeKey(of: envelope)
    guard policy.boundsDoubts, try isCertain(key, db) else {
      return Outcome(verdict: .forward(.doubt(doubt.reason), nil), row: nil)
    }
    var own = try entry(DoubtKey(envelope: key, doubt), envelope, policy, at: now, db)
    var all = try entry(.all(of: key), envelope, policy, at: now, db)
    let decision = policy.decide(doubt, own.entry.record, all: all.entry.record, now: now)
    (own.entry.record, all.entry.record) = (decision.record, decision.all)
    for (key, entry) in [own, all] {
      entries[key] = entry
      touched.insert(key)
    }
    return Outcome(verdict: decision.verdict, row: own.entry.row)
  }

  private mutating func isCertain(_ envelope: String, _ db: Database) throws -> Bool {
    if certain.contains(envelope) { return true }
    let find = try db.cachedStatement(sql: "SELECT 1 FROM site WHERE envelope = ? AND errors > 0 LIMIT 1")
    guard try Row.fetchOne(find, arguments: [envelope]) != nil else { return false }
    certain.insert(envelope)
    return true
  }

  /// Returns the entry of `key`, or the entry that stands for all others if there are too many.
  private mutating func entry(
    _ key: DoubtKey, _ envelope: Envelope, _ policy: WindowPolicy, at now: Timestamp, _ db: Database
  ) throws -> (key: DoubtKey, entry: Entry) {
    if let known = try find(key, db) { return (key, known) }
    let others = DoubtKey.others(of: key.envelope)
    let counted = try census(of: key.envelope, policy, at: now, db)
    let isSpecial = key == others || key == .all(of: key.envelope)
    if !isSpecial, counted.open >= DoubtKey.mostOfEnvelope || counted.all >= DoubtKey.mostKnown {
      return try entry(others, envelope, policy, at: now, db)
    }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO doubt (envelope, sender, recipients, reason, type, place, first_seen, last_seen, window_start)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let time = now.milliseconds
    try statement.execute(arguments: [
      key.envelope, envelope.sender.text, WindowTable.text(of: envelope.recipients), key.doubt.reason,
      key.doubt.type ?? "", key.doubt.place ?? "", time, time, time,
    ])
    if !isSpecial { census[key.envelope] = Census(all: counted.all + 1, open: counted.open + 1, at: counted.at) }
    let new = Entry(row: db.lastInsertedRowID, record: DoubtRecord(at: now), samples: [])
    entries[key] = new
    keys[new.row] = key
    return (key, new)
  }

  private mutating func find(_ key: DoubtKey, _ db: Database) throws -> Entry? {
    if let entry = entries[key] { return entry }
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, \(Self.columns) FROM doubt WHERE envelope = ? AND reason = ? AND type = ? AND place = ?
        """)
    let arguments: StatementArguments = [key.envelope, key.doubt.reason, key.doubt.type ?? "", key.doubt.place ?? ""]
    guard let row = try Row.fetchOne(statement, arguments: arguments) else { return nil }
    let entry = Entry(
      row: try row.integer(0), record: try DoubtRecord(row, from: 1), samples: try Self.samples(row, 10))
    entries[key] = entry
    keys[entry.row] = key
    return entry
  }

  /// Returns a count that is at most a minute old.
  private mutating func census(
    of envelope: String, _ policy: WindowPolicy, at now: Timestamp, _ db: Database
  ) throws -> Census {
    if let known = census[envelope], (Duration.zero..<(.seconds(60))).contains(now.since(known.at)) { return known }
    let statement = try db.cachedStatement(
      sql: """
        SELECT COUNT(*), IFNULL(SUM(window_start > ?), 0) FROM doubt
        WHERE envelope = ? AND reason NOT IN ('', 'others')
        """)
    let start = now.advanced(by: .zero - policy.settings.length).milliseconds
    let row = try Row.fetchOne(statement, arguments: [start, envelope])
    let counted = Census(all: try row?.count(0) ?? 0, open: try row?.count(1) ?? 0, at: now)
    census[envelope] = counted
    return counted
  }

  mutating func flush(_ db: Database) throws {
    for key in touched {
      guard let entry = entries[key] else { continue }
      try Self.write(entry.record, entry.samples, to: entry.row, db)
    }
    touched = []
  }
}

// The mails that are kept.
extension DoubtTable {
  /// The maximum number of mails and octets kept for one key, and of octets for all keys.
  static let mostMails = 10
  static let mostOctets = 8 << 20
  static let mostOctetsOfAll = 128 << 20

  /// Makes room for one more mail of `row`: the oldest mails of the same key are removed.
  ///
  /// - Returns: the mails that have to be removed, and whether there is room then. A key may always keep one mail.
  mutating func makeRoom(
    for octets: Int, of row: Int64, _ db: Database
  ) throws -> (removed: [QueueID], isThereRoom: Bool) {
    let statement = try db.cachedStatement(
      sql: "SELECT id, octets FROM entry INDEXED BY entry_doubt WHERE doubt_id = ? AND aside = 2 ORDER BY id")
    var kept = try Row.fetchAll(statement, arguments: [row]).map {
      (id: QueueID(rawValue: try $0.integer(0)), octets: try $0.count(1))
    }
    var total = try allOctets(db)
    var removed: [QueueID] = []
    while let oldest = kept.first,
      kept.count >= Self.mostMails || kept.map(\.octets).sumOfCounts() + octets > Self.mostOctets
        || total + octets > Self.mostOctetsOfAll
    {
      removed.append(oldest.id)
      total -= oldest.octets
      kept.removeFirst()
    }
    let isThereRoom = total + octets <= Self.mostOctetsOfAll
    keptOctets = total + (isThereRoom ? octets : 0)
    if let key = keys[row], var entry = entries[key] {
      entry.record.dropped = entry.record.dropped.saturatingAdding(removed.count + (isThereRoom ? 0 : 1))
      entries[key] = entry
    }
    return (removed, isThereRoom)
  }

  /// Records a mail that could not be kept although there seemed to be room.
  mutating func noteDropped(_ row: Int64, octets: Int) {
    keptOctets = keptOctets.map { $0 - octets }
    if let key = keys[row] { entries[key]?.record.dropped += 1 }
  }

  /// Records the Subject of a mail that is held back.
  mutating func note(_ sample: DoubtDigest.Sample, of row: Int64) {
    guard let key = keys[row], var entry = entries[key] else { return }
    entry.samples = DoubtDigest.Sample.adding(sample, to: entry.samples)
    entries[key] = entry
  }

  private func allOctets(_ db: Database) throws -> Int {
    if let keptOctets { return keptOctets }
    let statement = try db.cachedStatement(
      sql: """
        SELECT IFNULL(SUM(octets), 0) FROM entry INDEXED BY entry_doubt WHERE doubt_id IS NOT NULL AND aside = 2
        """)
    return try Row.fetchOne(statement)?.count(0) ?? 0
  }
}

// Rows.
extension DoubtTable {
  private static let columns = """
    first_seen, last_seen, window_start, forwarded, held, total, dropped, told, awaits_digest, samples
    """

  static func write(
    _ record: DoubtRecord, _ samples: [DoubtDigest.Sample], to row: Int64, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET last_seen = ?, window_start = ?, forwarded = ?, held = ?, total = ?, dropped = ?, told = ?,
          awaits_digest = ?, samples = ? WHERE id = ?
        """)
    try statement.execute(arguments: [
      record.lastSeen.milliseconds, record.windowStart.milliseconds, record.forwarded, record.held, record.total,
      record.dropped, record.told, record.awaitsDigestSince?.milliseconds, try json(samples), row,
    ])
  }

  private static func json(_ samples: [DoubtDigest.Sample]) throws -> String {
    samples.isEmpty ? "[]" : String(decoding: try JSONEncoder().encode(samples), as: UTF8.self)
  }

  /// Decodes the samples; Subjects that cannot be read count as none.
  private static func samples(_ row: Row, _ column: Int) throws -> [DoubtDigest.Sample] {
    (try? JSONDecoder().decode([DoubtDigest.Sample].self, from: Data(try row.text(column).utf8))) ?? []
  }

  /// The doubts of one envelope that wait for a digest.
  struct Waiting {
    var envelope: String
    var since: Timestamp
    /// The number of consecutive digests that were rejected for good.
    var rejections = 0

    /// Returns the time until the digest is due. The pause doubles with each rejection, up to an hour.
    func wait(now: Timestamp, every period: Duration) -> Duration {
      let longer = min(period * (1 << min(rejections, 10)), max(period, .seconds(3600)))
      return StormCap.wait(since: since, now: now, every: longer)
    }
  }

  static func waiting(_ db: Database) throws -> [Waiting] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT envelope, MIN(awaits_digest), MAX(digest_rejections) FROM doubt INDEXED BY doubt_digest
        WHERE awaits_digest IS NOT NULL GROUP BY envelope
        """)
    return try Row.fetchAll(statement).map {
      Waiting(envelope: try $0.text(0), since: try $0.time(1), rejections: try $0.count(2))
    }
  }

  /// Returns the time until a digest is due; nil if no doubt waits for one.
  static func next(now: Timestamp, every period: Duration, _ db: Database) throws -> Duration? {
    try waiting(db).map { $0.wait(now: now, every: period) }.min()
  }

  /// Returns the content of a digest of `envelope`, its sender and its recipients; nil if no doubt waits.
  static func told(
    _ envelope: String, _ db: Database
  ) throws -> (sender: EmailAddress, recipients: [EmailAddress], items: [(row: Int64, item: DoubtDigest.Item)])? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, \(columns), reason, type, place, sender, recipients FROM doubt
        WHERE envelope = ? AND awaits_digest IS NOT NULL ORDER BY id
        """)
    let rows = try Row.fetchAll(statement, arguments: [envelope])
    guard let first = rows.first else { return nil }
    let items = try rows.map { row in
      let (type, place) = (try row.text(12), try row.text(13))
      let doubt = DoubtfulReport(
        reason: try row.text(11), type: type.isEmpty ? nil : type, place: place.isEmpty ? nil : place)
      let item = DoubtDigest.Item(doubt: doubt, record: try DoubtRecord(row, from: 1), samples: try samples(row, 10))
      return (try row.integer(0), item)
    }
    let recipients = try first.text(15).split(separator: "\n").map { EmailAddress(String($0)) }
    return (EmailAddress(try first.text(14)), recipients, items)
  }

  /// Records that the digest in `entry` reported the mails that `row` held back.
  static func note(_ entry: QueueID, told held: Int, of row: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET digest_rejections = IIF(told_by IS NULL, digest_rejections, 0), told_by = ?, told_held = ?
        WHERE id = ?
        """)
    try statement.execute(arguments: [entry.rawValue, held, row])
  }

  /// Allows the doubts in the digest of `entry` to be reported again, since no recipient got it.
  ///
  /// - Parameter rejectedAt: the time from which the next digest waits; nil if an admin deleted the digest.
  static func untell(_ entry: QueueID, rejectedAt: Timestamp?, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET held = held + told_held, awaits_digest = COALESCE(?2, awaits_digest, last_seen),
          digest_rejections = digest_rejections + (?2 IS NOT NULL), told_by = NULL
        WHERE told_by = ?1
        """)
    try statement.execute(arguments: [entry.rawValue, rejectedAt?.milliseconds])
  }
}

extension DoubtRecord {
  /// Reads a record from the columns of `DoubtTable`, the first of which is `column`.
  fileprivate init(_ row: Row, from column: Int) throws(StoreFailure) {
    self.init(at: try row.time(column))
    (lastSeen, windowStart) = (try row.time(column + 1), try row.time(column + 2))
    (forwarded, held, total) = (try row.count(column + 3), try row.count(column + 4), try row.count(column + 5))
    (dropped, told) = (try row.count(column + 6), try row.count(column + 7))
    awaitsDigestSince = try row.optionalTime(column + 8)
  }
}
