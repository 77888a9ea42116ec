package import DedupCore
import GRDB

// What admins say on the relays of a fleet.
extension SQLiteStore {
  /// Returns the random id of the store, which is made at the first time.
  package func fleetStoreID() async throws(StoreFailure) -> String {
    try await commit { try FleetRecords.writer($0.db) }
  }

  /// Returns records that the engine lacks, at most `limit`.
  package func fleetRecordsToPush(limit: Int) async throws(StoreFailure) -> [FleetRecord] {
    try await reader.read { try FleetRecords.unpushed(limit: limit, $0) }
  }

  /// Notes that the engine has these records. A version that was written since stays to be pushed.
  package func fleetRecordsPushed(_ records: [FleetRecord]) async throws(StoreFailure) {
    try await commit { batch in
      for record in records {
        try batch.db.execute(
          sql: "UPDATE fleet_record SET is_pushed = 1 WHERE name = ? AND number = ? AND writer = ?",
          arguments: [record.name, record.version.number, record.version.writer])
      }
    }
  }

  /// Notes that the engine is another one, or forgot everything: all records are to be pushed again. Silences of the time
  /// before there was a fleet become records.
  package func fleetForgot(at now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      try batch.db.execute(sql: "UPDATE fleet_record SET is_pushed = 0")
      for silence in try SilenceTable.open(batch.db) where silence.uid == nil && !silence.isOver(now: now) {
        _ = try batch.share(silence, at: now)
      }
    }
  }

  /// Returns what admins said about an error, as far as it holds.
  package func fleetRecords(of error: FleetErrorName) async throws(StoreFailure) -> [FleetRecord] {
    try await reader.read { try FleetRecords.about(error, $0) }
  }

  /// Takes over records of other relays, with their times by the clock of this one.
  ///
  /// - Returns: the number that were news.
  package func receive(_ records: [FleetRecord], at now: Timestamp) async throws(StoreFailure) -> Int {
    try await commit { batch in try records.count { try batch.receive($0, at: now) } }
  }

  /// Notes that a mail answered what admins said of an error, as far as nobody said anything since.
  package func fleetAnswered(_ marks: FleetMarks, of error: String, at now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      if let pass = marks.pass { try batch.answer(FleetRecord.pass(error), pass, at: now) }
      if let resolve = marks.resolve { try batch.answer(FleetRecord.resolve(error), resolve, at: now) }
    }
  }

  /// Returns the records that a merge or a split would write, for the engine to compare and set.
  ///
  /// - Returns: nothing if there is nothing to change in the fleet.
  package func fleetGroupings(_ change: GroupingChange) async throws(StoreFailure) -> [FleetGroupingChange] {
    try await commit { try $0.groupings(change) }
  }

  /// Writes records that the engine has set already.
  package func keep(_ records: [FleetRecord], at now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      for record in records { try FleetRecords.write(record, isPushed: true, at: now, batch.db) }
    }
  }
}

/// A change of which mails are one error, by the rows of errors.
package enum GroupingChange: Hashable, Sendable {
  case merge([Int64], into: Int64)
  case split(Int64)
}

/// A record of a grouping as it should become, and the version of it that is known.
package struct FleetGroupingChange: Hashable, Sendable {
  package var record: FleetRecord
  /// The version that it follows; nil if there was none.
  package var known: FleetRecord.Version?
}

/// The requests of admins that a mail answers, as marks that differ for each request.
package struct FleetMarks: Hashable, Sendable {
  package var pass: String?
  package var resolve: String?

  package init(pass: String? = nil, resolve: String? = nil) { (self.pass, self.resolve) = (pass, resolve) }
}

extension Batch {
  /// Makes a silence one of the whole fleet. Returns nil if its error is gone.
  func share(_ silence: Silence, at now: Timestamp) throws -> Silence? {
    var silence = silence
    var scope = silence.scope
    if case .error(let row) = scope {
      guard let error = try FleetRecords.error(in: row, naming, db) else { return nil }
      scope = .named(error)
    }
    let uid = String(UInt64.random(in: .min ... .max), radix: 36)
    silence.uid = uid
    try SilenceTable.write(silence, db)
    try FleetRecords.say(FleetRecord.silence(uid), .silence(silence.shared(scope)), at: now, db)
    return silence
  }

  /// Says a request about the error in a row to the whole fleet.
  func ask(_ row: Int64, _ body: (FleetErrorName) -> (String, FleetRecord.Body), at now: Timestamp) throws {
    guard let error = try FleetRecords.error(in: row, naming, db) else { return }
    let (name, body) = body(error)
    try FleetRecords.say(name, body, at: now, db)
  }

  fileprivate func answer(_ name: String, _ mark: String, at now: Timestamp) throws {
    guard let known = try FleetRecords.find(name, db), known.body.isOpen, known.body.mark(at: known.version) == mark
    else { return }
    switch known.body {
    case .pass(var request):
      request.answers = mark
      try FleetRecords.say(name, .pass(request), at: now, db)
    case .resolve(var request):
      request.answers = mark
      try FleetRecords.say(name, .resolve(request), at: now, db)
    case .silence, .grouping: break
    }
  }

  fileprivate func groupings(_ change: GroupingChange) throws -> [FleetGroupingChange] {
    switch change {
    case .merge(let rows, let target):
      guard let whole = try ErrorRow.find(target, db), whole.mergedInto == nil,
        let into = try FleetRecords.error(in: target, naming, db)
      else { return [] }
      return try rows.compactMap { row in
        guard row != target, let error = try ErrorRow.find(row, db), error.site == whole.site,
          error.mergedInto != target
        else { return nil }
        return try FleetRecords.error(in: row, naming, db).map { try planned(.init(error: $0, into: into)) }
      }
    case .split(let row): return try splits(row)
    }
  }

  private func splits(_ row: Int64) throws -> [FleetGroupingChange] {
    guard let known = try ErrorRow.find(row, db), let error = try FleetRecords.error(in: row, naming, db) else {
      return []
    }
    let rows = try Int64.fetchAll(db, sql: "SELECT id FROM fingerprint WHERE merged_into = ?", arguments: [row])
    var released = try rows.compactMap { try FleetRecords.error(in: $0, naming, db) }
    if known.mergedInto != nil { released.append(error) }
    released += try FleetRecords.merged(into: error, db).filter { !released.contains($0) }
    guard released.isEmpty else { return try released.map { try planned(.init(error: $0)) } }
    let variants = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM variant WHERE fingerprint_id = ?", arguments: [row])
    return known.isSplit || variants ?? 0 <= 1 ? [] : [try planned(.init(error: error, isSplit: true))]
  }

  private func planned(_ grouping: FleetRecord.Grouping) throws -> FleetGroupingChange {
    let name = FleetRecord.grouping(grouping.error.name)
    return FleetGroupingChange(
      record: try FleetRecords.next(name, .grouping(grouping), db), known: try FleetRecords.find(name, db)?.version)
  }
}
