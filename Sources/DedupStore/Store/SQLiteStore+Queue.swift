package import DedupCore
import GRDB

extension SQLiteStore {
  /// Applies an admin's change to queued mail in one durable transaction, and wakes the delivery side.
  ///
  /// A mail that is being tried at the moment is tried to the end; the change applies afterwards.
  /// - Returns: the entries that were changed, the oldest first. Held mail is changed only by `release`, `delete` and
  ///   `reroute`, damaged mail only by `delete`.
  package func change(
    _ change: QueueChange, _ selection: QueueSelection, now: Timestamp
  ) async throws(StoreFailure) -> [QueueID] {
    try await commit { batch in
      let ids = try QueueTable.ids(selection, change.concerns, batch.db)
      for id in ids { try batch.apply(change, to: id, now: now) }
      batch.effects.added.addOther()
      batch.effects.changedQueue = true
      batch.unchanged = UnchangedEntries()
      return ids
    }
  }
}

extension SQLiteStore {
  /// Returns the smarthosts that an admin sent waiting mail to, by name.
  package func reroutedTo() async throws(StoreFailure) -> [Smarthost] {
    try await reader.read { db in
      try Row.fetchAll(
        db, sql: "SELECT DISTINCT rerouted_to FROM entry WHERE rerouted_to IS NOT NULL AND aside = 0 ORDER BY 1"
      ).compactMap { Smarthost(try $0.text(0)) }
    }
  }
}

extension QueueChange {
  /// The values of `aside` of the entries that the change applies to.
  fileprivate var concerns: [QueueTable.Aside] {
    switch self {
    case .hold, .flush: [.nothing]
    case .release: [.held]
    case .reroute: [.nothing, .held]
    case .delete: [.nothing, .held, .damaged]
    }
  }
}

extension Batch {
  fileprivate func apply(_ change: QueueChange, to id: QueueID, now: Timestamp) throws {
    switch change {
    case .hold: try QueueTable.set(.held, id, db)
    case .release:
      try QueueTable.set(.nothing, id, db)
      try QueueTable.makeDue(id, now: now, db)
    case .flush: try QueueTable.makeDue(id, now: now, db)
    case .delete: try remove(id)
    case .reroute(let smarthost):
      try QueueTable.reroute(id, to: smarthost, db)
      try QueueTable.makeDue(id, now: now, db)
    }
  }

  /// Removes a mail like one that was rejected for all recipients, except that no one is notified.
  private func remove(_ id: QueueID) throws {
    guard let facts = try QueueTable.facts(id, db) else { return }
    let reopens = try QueueTable.reopensWindow(id, db)
    let digested = reopens ? try DigestTable.opened(by: id, db) : []
    try QueueTable.delete(id, db)
    facts.file.map { effects.orphans.append($0) }
    if reopens { try reopen(digested + [facts.opened].compactMap { $0 }, of: id, rejectedAt: nil) }
  }
}

extension QueueTable {
  fileprivate static func ids(_ selection: QueueSelection, _ aside: [Aside], _ db: Database) throws -> [QueueID] {
    let states = aside.map { "\($0.rawValue)" }.joined(separator: ", ")
    switch selection {
    case .all:
      return try Row.fetchAll(db, sql: "SELECT id FROM entry WHERE aside IN (\(states)) ORDER BY id")
        .map { QueueID(rawValue: try $0.integer(0)) }
    case .ids(let ids):
      let statement = try db.cachedStatement(sql: "SELECT 1 FROM entry WHERE id = ? AND aside IN (\(states))")
      return try Set(ids).sorted().filter { try Row.fetchOne(statement, arguments: [$0.rawValue]) != nil }
    }
  }

  fileprivate static func set(_ aside: Aside, _ id: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE entry SET aside = ? WHERE id = ?")
    try statement.execute(arguments: [aside.rawValue, id.rawValue])
  }

  static func makeDue(_ id: QueueID, now: Timestamp, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE entry SET next_attempt = MIN(next_attempt, ?), scheduled_at = ? WHERE id = ?")
    try statement.execute(arguments: [now.milliseconds, now.milliseconds, id.rawValue])
  }

  fileprivate static func reroute(_ id: QueueID, to smarthost: Smarthost?, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE entry SET rerouted_to = ? WHERE id = ?")
    try statement.execute(arguments: [smarthost?.description, id.rawValue])
  }

  /// True if errors are held back because of this mail, which no recipient has got.
  fileprivate static func reopensWindow(_ id: QueueID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT kind, delivered FROM entry WHERE id = ?")
    guard let row = try Row.fetchOne(statement, arguments: [id.rawValue]) else { return false }
    let kind = QueueEntry.Kind(rawValue: try row.text(0))
    return try kind?.opensWindows == true && row.integer(1) == 0
  }
}
