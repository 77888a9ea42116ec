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

  struct Entry {
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
  mutating func entry(
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
