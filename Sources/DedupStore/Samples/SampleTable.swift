import DedupCore
import Foundation
import GRDB
import MailMessage

/// The first and the latest mail of each fingerprint, and the first of each of its variants, for people to look at.
struct SampleTable {
  static let first = "first"
  static let latest = "latest"

  /// Returns the slot of the first mail of a variant; the variant of the very first mail needs none.
  static func slot(ofVariant name: String) -> String { "variant:" + name }

  struct Sample {
    var arrivedAt: Timestamp
    var octets: Int
    /// The message; nil if it is too large to be kept.
    var message: [UInt8]?
  }

  private struct Key: Hashable {
    var fingerprint: Int64
    var slot: String
  }

  private var samples: [Key: Sample] = [:]

  /// Records one arrival. In a storm only the last mail of a batch is kept, and the first of each variant.
  mutating func note(
    _ message: Message, _ outcome: WindowTable.Outcome, variant: String, limit: Int, at time: Timestamp
  ) {
    let kept = message.tail == nil && message.count <= limit ? message.head : nil
    let sample = Sample(arrivedAt: time, octets: message.count, message: kept)
    samples[Key(fingerprint: outcome.row, slot: outcome.isNew ? Self.first : Self.latest)] = sample
    if outcome.isNewVariant {
      samples[Key(fingerprint: outcome.row, slot: Self.slot(ofVariant: variant))] = sample
    }
  }

  /// Writes the recorded samples except for those that `latest` holds back, and those that it has held back long
  /// enough.
  func flush(_ latest: inout LatestSamples, _ db: Database) throws {
    let now = ContinuousClock.now
    for (key, sample) in samples {
      if key.slot == Self.latest, latest.holds(sample, of: key.fingerprint, at: now) { continue }
      try Self.write(sample, key, db)
    }
    try Self.write(latest.due(at: now), db)
  }

  /// Writes samples that were held back.
  static func write(_ held: [Int64: Sample], _ db: Database) throws {
    for (fingerprint, sample) in held { try write(sample, Key(fingerprint: fingerprint, slot: latest), db) }
  }

  /// Writes a sample. Does nothing if the fingerprint is gone, which can happen while its sample is held back.
  private static func write(_ sample: Sample, _ key: Key, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO sample (fingerprint_id, slot, arrived_at, octets, message)
        SELECT id, ?, ?, ?, ? FROM fingerprint WHERE id = ?
        """)
    try statement.execute(arguments: [
      key.slot, sample.arrivedAt.milliseconds, sample.octets, sample.message.map { Data($0) }, key.fingerprint,
    ])
  }

  static func find(_ slot: String, of fingerprint: Int64, _ db: Database) throws -> SampleMail {
    let statement = try db.cachedStatement(
      sql: "SELECT message, octets, stored FROM sample WHERE fingerprint_id = ? AND slot = ?")
    guard let row = try Row.fetchOne(statement, arguments: [fingerprint, slot]), let octets = row.optionalBytes(0)
    else { return .notKept }
    guard let original = try? row.count(1), let stored = try? row.optionalInteger(2) ?? Int64(original),
      octets.count == stored
    else { return .damaged }
    if stored == original { return .kept(octets) }
    return Deflate.inflated(octets, to: original).map(SampleMail.kept) ?? .damaged
  }
}

// Work for idle moments: a mail that arrives does not wait for it.
extension SampleTable {
  /// The age up to which a sample may soon be replaced by a later one.
  private static let restless = Duration.seconds(600)
  /// The octets to deflate in one step: a mail that arrives meanwhile waits some 10 ms.
  private static let octetsAStep = 512 << 10
  private static let rowsAStep = 50

  /// Deflates some of the samples that were not processed yet. Returns true if there may be more.
  static func deflate(now: Timestamp, _ db: Database) throws -> Bool {
    let rows = try notLookedAt(before: now.advanced(by: .zero - restless), db)
    guard !rows.isEmpty else { return false }
    let find = try db.cachedStatement(sql: "SELECT message FROM sample WHERE rowid = ?")
    let keep = try db.cachedStatement(sql: "UPDATE sample SET message = ?, stored = ? WHERE rowid = ?")
    try db.inTransaction(.immediate) {
      for row in rows {
        guard let message = try Row.fetchOne(find, arguments: [row])?.optionalBytes(0) else { continue }
        let smaller = Deflate.deflated(message) ?? message
        try keep.execute(arguments: [Data(smaller), smaller.count, row])
      }
      return .commit
    }
    return true
  }

  private static func notLookedAt(before time: Timestamp, _ db: Database) throws -> [Int64] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT rowid, octets FROM sample WHERE message IS NOT NULL AND stored IS NULL AND arrived_at < ?
        ORDER BY arrived_at LIMIT ?
        """)
    var room = octetsAStep
    return try Row.fetchAll(statement, arguments: [time.milliseconds, rowsAStep]).prefix { row in
      defer { room -= (try? row.count(1)) ?? 0 }
      return room > 0
    }.map { try $0.integer(0) }
  }
}

extension Batch {
  /// Stores the explanation of a fingerprint.
  func explain(_ fingerprint: Int64, _ text: String) throws {
    try windows.flushAndForget(db)
    let statement = try db.cachedStatement(sql: "UPDATE fingerprint SET explanation = ? WHERE id = ?")
    try statement.execute(arguments: [text, fingerprint])
  }
}
