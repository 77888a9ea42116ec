import DedupCore
import GRDB

// Records of other relays are carried out in this store.
extension Batch {
  /// Takes over a record of another relay, unless this one has the same version or a later one.
  ///
  /// - Returns: true if it was news.
  func receive(_ record: FleetRecord, at now: Timestamp) throws -> Bool {
    if let known = try FleetRecords.find(record.name, db), known.version >= record.version { return false }
    try FleetRecords.write(record, isPushed: true, at: now, db)
    switch record.body {
    case .silence(let silence): try receive(silence, at: now)
    case .pass(let request): try change(request.error) { $0.passesNext = request.isOpen }
    case .resolve(let request):
      try change(request.error) { if request.isOpen { $0.resolve(at: now) } else { $0.resolvedAt = nil } }
    case .grouping(let grouping): try receive(grouping)
    }
    return true
  }

  private func receive(_ news: Silence, at now: Timestamp) throws {
    guard let uid = news.uid else { return }
    var news = news
    // The clocks were compared over a network: it must not seem to come from the future.
    news.createdAt = min(news.createdAt, now)
    if var known = try SilenceTable.find(uid: uid, db) {
      known.adopt(news)
      return try SilenceTable.write(known, db)
    }
    guard news.ended == nil else { return }
    var scope = news.scope
    if case .named(let error) = scope, let row = try FleetRecords.row(of: error, naming, db) {
      scope = .error(try ErrorRow.find(row, db)?.mergedInto ?? row)
    }
    _ = try SilenceTable.insert(news.shared(scope), db)
  }

  /// Changes the record of an error, or of the one it was merged into. One that was not seen here has none: its first
  /// mail finds the record of the fleet when it leaves.
  private func change(_ error: FleetErrorName, _ change: (inout WindowRecord) -> Void) throws {
    guard let row = try FleetRecords.row(of: error, naming, db), var known = try ErrorRow.find(row, db) else { return }
    if let whole = known.mergedInto, let target = try ErrorRow.find(whole, db) { known = target }
    change(&known.record)
    try RecordColumns.write(known.record, to: known.id, db)
  }

  private func receive(_ grouping: FleetRecord.Grouping) throws {
    guard let row = try FleetRecords.row(of: grouping.error, naming, db) else { return }
    if grouping.isSplit {
      try db.execute(sql: "UPDATE fingerprint SET is_split = 1 WHERE id = ?", arguments: [row])
    } else if let into = grouping.into {
      guard let target = try FleetRecords.row(of: into, naming, db) else {
        // Nothing of the other one came here yet, so that this error becomes it.
        return try db.execute(
          sql: "UPDATE fingerprint SET fingerprint = ?, explanation = NULL WHERE id = ?",
          arguments: [into.fingerprint, row])
      }
      let whole = try ErrorRow.find(target, db)?.mergedInto ?? target
      _ = try Merging.merge(row, into: whole, db)
    } else {
      try db.execute(sql: "UPDATE fingerprint SET merged_into = NULL WHERE id = ?", arguments: [row])
    }
  }
}

// Records about an error may arrive before its first mail does.
extension WindowTable {
  /// Returns the place that the admins of other relays gave to an error without a row; nil if they said nothing.
  func grouped(_ occurrence: Occurrence, _ names: [String], _ db: Database) throws -> Place? {
    var names = names
    var place: Place?
    // Merges are flat, but one may have come before the one it follows from.
    for _ in 0..<8 {
      let site = occurrence.site
      let grouping = try names.lazy.compactMap {
        try FleetRecords.grouping(of: $0, site: site.key, naming, db)
      }.first
      guard let grouping else { return place }
      names = grouping.into.map { [$0.fingerprint] } ?? names.map { Grouping.part(of: $0, occurrence.variant) }
      for name in names {
        guard let row = try ErrorRow.find(name, site, db) else { continue }
        let whole = try row.mergedInto.flatMap { try ErrorRow.find($0, db) }
        return .known(latest(whole ?? row))
      }
      place = .unknown(name: names[0])
    }
    return place
  }
}
