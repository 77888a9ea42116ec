package import DedupCore
import GRDB

/// The number of recipients that each smarthost with limits was sent within the last day, by minute.
enum DepartureTable {
  static func add(_ departures: Departures, _ db: Database) throws {
    let add = try db.cachedStatement(
      sql: """
        INSERT INTO departure (next_hop, minute, ordinary, other) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET ordinary = ordinary + excluded.ordinary, other = other + excluded.other
        """)
    try add.execute(arguments: [departures.nextHop, departures.minute, departures.ordinary, departures.other])
    let forget = try db.cachedStatement(
      sql: "DELETE FROM departure WHERE next_hop = ? AND minute NOT BETWEEN ? AND ?")
    try forget.execute(arguments: [departures.nextHop, departures.minute - 1441, departures.minute + 1441])
  }

  static func all(_ db: Database) throws -> [Departures] {
    try Row.fetchAll(db, sql: "SELECT next_hop, minute, ordinary, other FROM departure ORDER BY minute").map { row in
      Departures(
        nextHop: try row.text(0), minute: try row.integer(1), ordinary: try row.count(2), other: try row.count(3))
    }
  }
}

extension SQLiteStore {
  /// The departures within the last day to smarthosts that have limits.
  package func departures() async throws(StoreFailure) -> [Departures] {
    try await reader.read { try DepartureTable.all($0) }
  }

  /// The mails that wait for the limits of a next hop, in the order of their time.
  package func paced() async throws(StoreFailure) -> [QueueEntry] {
    try await reader.read { try QueueQueries.paced($0) }
  }

  /// Postpones a mail that was not offered yet because of the next hop's limit that `reason` names. Its number of
  /// attempts stays the same.
  package func postpone(_ id: QueueID, until time: Timestamp, reason: String) async throws(StoreFailure) {
    let now = latestTime
    try await share(isPatient: true) {
      try QueueTable.postpone(id, until: time, reason: reason, scheduledAt: now.map { min($0, time) }, $0.db)
    }
  }
}
