import DedupCore
import Foundation
import GRDB
import MailMessage

/// The first and the latest mail of each fingerprint, and the first of each of its variants, for people to look at.
struct SampleTable {
  static let first = "first"
  static let latest = "latest"

  /// Of the first mail of a variant; the variant that the first mail of all has needs none.
  static func slot(ofVariant name: String) -> String { "variant:" + name }

  private struct Sample {
    var arrivedAt: Timestamp
    var octets: Int
    /// Nil when it is too large to be kept.
    var message: [UInt8]?
  }

  private struct Key: Hashable {
    var fingerprint: Int64
    var slot: String
  }

  private var samples: [Key: Sample] = [:]

  /// Takes note of one arrival. In a storm only the last one of a batch is written, and the first of each variant.
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

  func flush(_ db: Database) throws {
    for (key, sample) in samples {
      let statement = try db.cachedStatement(
        sql: """
          INSERT OR REPLACE INTO sample (fingerprint_id, slot, arrived_at, octets, message) VALUES (?, ?, ?, ?, ?)
          """)
      try statement.execute(arguments: [
        key.fingerprint, key.slot, sample.arrivedAt.milliseconds, sample.octets, sample.message.map { Data($0) },
      ])
    }
  }

  /// The sample in `slot`, or nil when there is none or it was not kept.
  static func message(of fingerprint: Int64, slot: String, _ db: Database) throws -> [UInt8]? {
    let statement = try db.cachedStatement(
      sql: "SELECT message FROM sample WHERE fingerprint_id = ? AND slot = ?")
    return try Row.fetchOne(statement, arguments: [fingerprint, slot])?.optionalBytes(0)
  }
}

extension Batch {
  /// Keeps the explanation of a fingerprint.
  func explain(_ fingerprint: Int64, _ text: String) throws {
    let statement = try db.cachedStatement(sql: "UPDATE fingerprint SET explanation = ? WHERE id = ?")
    try statement.execute(arguments: [text, fingerprint])
  }
}
