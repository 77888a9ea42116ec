import DedupCore
import GRDB
import MailMessage

/// Copies into a fresh database what can still be read of another one.
///
/// No data that is read is trusted: a mail counts as recovered only if it is intact in the fresh database, read there
/// the way the queue reads it; rows with numbers that we would never write are left behind.
struct Salvage {
  struct Result: Hashable {
    var recovered = 0
    /// The number of lost mails; nil if not even the IDs of the mails could be read.
    var lost: Int? = 0
    var errors = 0
  }

  /// Data that cannot be read.
  private struct Unreadable: Error {}

  private let old: Database
  private let new: Database
  private let bodies: BodyFiles

  /// Copies what can be read. Call it inside a transaction on `new`, which has the schema and no rows.
  ///
  /// - Throws: if `new` cannot be written.
  static func run(from old: Database, into new: Database, _ bodies: BodyFiles) throws -> Result {
    let salvage = Salvage(old: old, new: new, bodies: bodies)
    for table in Table.all { try salvage.copy(table) }
    var result = try salvage.queue()
    result.errors = try Int.fetchOne(new, sql: "SELECT COUNT(*) FROM fingerprint") ?? 0
    try new.execute(sql: Schema.siteFacts)
    // A lost ID may be given to another error.
    try new.execute(
      sql: """
        UPDATE entry SET fingerprint_id = NULL, window_start = NULL
        WHERE fingerprint_id NOT IN (SELECT id FROM fingerprint);
        UPDATE entry SET fleet_error = NULL WHERE fleet_error NOT IN (SELECT id FROM fingerprint)
        """)
    return result
  }

  private init(old: Database, new: Database, bodies: BodyFiles) {
    self.old = old
    self.new = new
    self.bodies = bodies
  }
}

// Windows, counts and other tables.
extension Salvage {
  private struct Table {
    var name: String
    var key: [String]
    /// True for tables with queue IDs or transaction numbers, which are larger than any other number.
    var holdsLargeNumbers = false

    static let all = [
      Table(name: "site", key: ["id"]), Table(name: "fingerprint", key: ["id"]),
      Table(name: "arrival", key: ["fingerprint_id", "quarter"]), Table(name: "sample", key: ["rowid"]),
      Table(name: "variant", key: ["fingerprint_id", "variant"]), Table(name: "setting", key: ["key"]),
      Table(name: "tally", key: ["quarter", "outcome", "reason"]),
      Table(name: "imported", key: ["id"], holdsLargeNumbers: true),
      Table(name: "last_transaction", key: ["id"], holdsLargeNumbers: true),
      Table(name: "found_transaction", key: ["number"], holdsLargeNumbers: true),
      Table(name: "sent", key: ["site_id", "at"]), Table(name: "silence", key: ["id"]),
      Table(name: "doubt", key: ["id"]), Table(name: "dropped", key: ["quarter", "what"]),
      Table(name: "site_package", key: ["envelope", "package"]),
      Table(name: "gathered_bounce", key: ["sender", "recipient", "status"]),
      Table(name: "departure", key: ["next_hop", "minute"]), Table(name: "fleet_record", key: ["name"]),
    ]
  }

  /// Copies a table. A damaged page ends a scan, so the table is read from both ends.
  private func copy(_ table: Table) throws {
    let columns = try columns(of: table.name)
    guard !columns.isEmpty else { return }
    let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table.name) NOT INDEXED ORDER BY "
    for direction in [" ASC", " DESC"] {
      let order = table.key.map { $0 + direction }.joined(separator: ", ")
      let isComplete = try walk(select + order) { row in
        guard table.holdsLargeNumbers || Self.isPlausible(row) else { return }
        _ = try insert(row, columns, table.name)
      }
      if isComplete { return }
    }
  }

  /// True if all numbers are like ours (times, counts and rows, none of them negative) and outcomes are known.
  private static func isPlausible(_ row: Row) -> Bool {
    row.allSatisfy { column, value in
      switch value.storage {
      case .int64(let number): (0...Timestamp.latestStored.milliseconds).contains(number)
      case .string(let text): column != "outcome" || Outcome(rawValue: text) != nil
      case .null, .blob, .double: true
      }
    }
  }
}

// The queue.
extension Salvage {
  private static let identifiers = [
    "SELECT id FROM entry NOT INDEXED ORDER BY id ASC", "SELECT id FROM entry NOT INDEXED ORDER BY id DESC",
    // Indexes of earlier versions as well: a database is salvaged as it is found.
    "SELECT id FROM entry INDEXED BY entry_fresh WHERE aside = 0 AND attempts = 0",
    "SELECT id FROM entry INDEXED BY entry_retry WHERE aside = 0 AND attempts > 0",
    "SELECT id FROM entry INDEXED BY entry_fresh_pass WHERE aside = 0 AND attempts = 0 AND \(QueueQueries.Kind.pass.rawValue)",
    "SELECT id FROM entry INDEXED BY entry_fresh_other WHERE aside = 0 AND attempts = 0 AND \(QueueQueries.Kind.other.rawValue)",
    "SELECT id FROM entry INDEXED BY entry_retry_pass WHERE aside = 0 AND attempts > 0 AND \(QueueQueries.Kind.pass.rawValue)",
    "SELECT id FROM entry INDEXED BY entry_retry_other WHERE aside = 0 AND attempts > 0 AND \(QueueQueries.Kind.other.rawValue)",
    "SELECT entry_id FROM message NOT INDEXED ORDER BY entry_id ASC",
    "SELECT entry_id FROM message NOT INDEXED ORDER BY entry_id DESC",
    "SELECT entry_id FROM recipient ORDER BY entry_id ASC", "SELECT entry_id FROM recipient ORDER BY entry_id DESC",
  ]

  private func queue() throws -> Result {
    var ids: Set<Int64> = []
    var wasAnyComplete = false
    for select in Self.identifiers {
      let isComplete = try walk(select) { row in
        if let id = try? row.integer(0) { ids.insert(id) }
      }
      wasAnyComplete = wasAnyComplete || isComplete
    }
    var result = Result()
    for id in ids.sorted() {
      switch try take(id) {
      case .taken: result.recovered += 1
      case .lost: result.lost = (result.lost ?? 0) + 1
      case .wasAside: break
      }
    }
    if !wasAnyComplete && ids.isEmpty { result.lost = nil }
    return result
  }

  private enum Fate {
    case taken
    case lost
    /// The entry was damaged before, and that was reported then.
    case wasAside
  }

  private func take(_ id: Int64) throws -> Fate {
    var fate = Fate.lost
    try new.inSavepoint {
      do {
        try copy(id, of: "entry", "id")
        let aside = try Row.fetchOne(new, sql: "SELECT aside FROM entry WHERE id = ?", arguments: [id])
        guard try aside?.integer(0) != QueueTable.Aside.damaged.rawValue else {
          fate = .wasAside
          return .rollback
        }
        try copy(id, of: "recipient", "entry_id")
        try copy(id, of: "message", "entry_id")
        fate = try isIntact(QueueID(rawValue: id)) ? .taken : .lost
      } catch is Unreadable {
      } catch let failure as StoreFailure where failure.kind == .corrupt {}
      return fate == .taken ? .commit : .rollback
    }
    return fate
  }

  private func isIntact(_ id: QueueID) throws -> Bool {
    guard let entry = try QueueQueries.entry(id, new), !entry.recipients.isEmpty,
      case .intact(let message) = try StoredMessage.load(id, bodies, new)
    else { return false }
    return message.count == entry.size
  }

  private func copy(_ id: Int64, of table: String, _ key: String) throws {
    let columns = try columns(of: table)
    let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE \(key) = ?"
    guard let rows = try? Row.fetchAll(old, sql: select, arguments: [id]), !rows.isEmpty else { throw Unreadable() }
    for row in rows {
      guard try insert(row, columns, table) else { throw Unreadable() }
    }
  }
}

// Rows.
extension Salvage {
  /// Returns the columns that an old and a new version both have, in the order of the new; none if the old one cannot
  /// be read.
  private func columns(of table: String) throws -> [String] {
    let readable = Set((try? old.columns(in: table).map(\.name)) ?? [])
    return try new.columns(in: table).map(\.name).filter(readable.contains)
  }

  /// Passes the rows of a query to `take`. Returns true if it read all of them.
  private func walk(_ select: String, _ take: (Row) throws -> Void) throws -> Bool {
    guard let rows = try? Row.fetchCursor(old, sql: select) else { return false }
    while true {
      let row: Row?
      do { row = try rows.next() } catch { return false }
      guard let row else { return true }
      try take(row)
    }
  }

  /// Returns true if the table accepted the row or had it already.
  private func insert(_ row: Row, _ columns: [String], _ table: String) throws -> Bool {
    let places = columns.map { _ in "?" }.joined(separator: ", ")
    let statement = try new.cachedStatement(
      sql: "INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))")
    do { try statement.execute(arguments: StatementArguments(row.databaseValues)) } catch let error as DatabaseError {
      let isTheRow: [ResultCode] = [.SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG]
      guard isTheRow.contains(error.resultCode) else { throw error }
      return false
    }
    return true
  }
}
