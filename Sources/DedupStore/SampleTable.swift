import DedupCore
import Foundation
import GRDB
import MailMessage

/// The first and the latest mail of each fingerprint, for people to look at.
struct SampleTable {
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

  /// Takes note of one arrival. In a storm only the last one of a batch is written.
  mutating func note(_ fingerprint: Int64, isFirst: Bool, _ message: Message, limit: Int, at time: Timestamp) {
    let kept = message.tail == nil && message.count <= limit ? message.head : nil
    let key = Key(fingerprint: fingerprint, slot: isFirst ? "first" : "latest")
    samples[key] = Sample(arrivedAt: time, octets: message.count, message: kept)
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
