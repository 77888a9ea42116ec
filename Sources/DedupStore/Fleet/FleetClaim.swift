package import DedupCore
import GRDB

/// The question that a mail of the queue puts to the fleet before it leaves, as the queue keeps it.
struct FleetClaim {
  /// The row of its error.
  var error: Int64
  /// The time for which a mail of another relay holds this one back.
  var window: Duration
  /// The variant that it shows beside the mail of the window; nil if it opens a window.
  var variant: String?
  /// The reason under which it is counted as forwarded.
  var reason: String
}

extension FleetClaim {
  /// Creates the claim of a mail that is forwarded; nil if no mail of another relay can stand for it.
  init?(_ reason: ForwardReason, _ outcome: WindowTable.Outcome, variant: String) {
    guard reason.isSharedByFleet else { return nil }
    let opensWindow = reason != .newVariant
    // The window that would hold it back is the one before this mail was told.
    let told = outcome.decision.record.episode.told - (opensWindow ? 1 : 0)
    let window = outcome.settings.length(afterTelling: max(0, told))
    guard window > .zero else { return nil }
    self.init(error: outcome.row, window: window, variant: opensWindow ? nil : variant, reason: reason.text)
  }
}

/// The question about a queued mail, with the facts about its error.
package struct FleetQuestion: Hashable, Sendable {
  package var error: FleetTotals
  /// The time for which a mail of another relay holds this one back.
  package var window: Duration
  /// The variant that it shows; nil if it opens a window.
  package var variant: String?
  /// The requests of admins that it answers.
  package var marks = FleetMarks()
}

/// The totals of one error in this store, with what names it in the fleet.
package struct FleetTotals: Hashable, Sendable {
  /// `Site.key` and `Site.name` of its site.
  package var siteKey: String
  package var site: String
  package var fingerprint: String
  package var title: String
  package var place: String
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// The mails ever seen, those of them that were held back, and those of the current episode.
  package var total: Int
  package var suppressed: Int
  package var episode: Int
  /// The row in this store.
  package var row: Int64

  fileprivate static let columns = """
    s.key, s.name, f.fingerprint, f.title, f.place, f.first_seen, f.last_seen, f.total, f.suppressed, f.episode_mails,
    f.id
    """

  fileprivate init(_ row: Row) throws(StoreFailure) {
    self.init(
      siteKey: try row.text(0), site: try row.text(1), fingerprint: try row.text(2), title: try row.text(3),
      place: try row.text(4), firstSeen: try row.time(5), lastSeen: try row.time(6), total: try row.count(7),
      suppressed: try row.count(8), episode: try row.count(9), row: try row.integer(10))
  }

  private init(
    siteKey: String, site: String, fingerprint: String, title: String, place: String, firstSeen: Timestamp,
    lastSeen: Timestamp, total: Int, suppressed: Int, episode: Int, row: Int64
  ) {
    (self.siteKey, self.site, self.fingerprint, self.title, self.place) = (siteKey, site, fingerprint, title, place)
    (self.firstSeen, self.lastSeen, self.total, self.suppressed) = (firstSeen, lastSeen, total, suppressed)
    (self.episode, self.row) = (episode, row)
  }
}

extension SQLiteStore {
  /// Returns what the fleet is asked about a mail before it leaves; nil if it leaves without asking: it is no mail about
  /// an error, an admin of this relay alone asked for it, or some recipient has it already.
  package func fleetQuestion(of id: QueueID) async throws(StoreFailure) -> FleetQuestion? {
    try await reader.read { [naming = writer.naming] db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(FleetTotals.columns), e.fleet_window, e.fleet_variant, e.fleet_reason
          FROM entry e JOIN fingerprint f ON f.id = e.fleet_error JOIN site s ON s.id = f.site_id
          WHERE e.id = ? AND e.delivered = 0 AND e.fleet_window IS NOT NULL
          """)
      guard let row = try Row.fetchOne(statement, arguments: [id.rawValue]) else { return nil }
      var question = FleetQuestion(
        error: try FleetTotals(row), window: .milliseconds(try row.integer(11)), variant: try row.optionalText(12))
      if question.variant != nil { return question }
      let name = naming.name(site: question.error.siteKey, question.error.fingerprint)
      let reason = try row.optionalText(13)
      let (asked, resolved) = (ForwardReason.requested.text, ForwardReason.regression.text)
      question.marks.pass = try Self.mark(FleetRecord.pass(name), isAnswered: reason == asked, db)
      question.marks.resolve = try Self.mark(FleetRecord.resolve(name), isAnswered: reason == resolved, db)
      if reason == asked, question.marks.pass == nil { return nil }
      return reason == resolved && question.marks.resolve == nil ? nil : question
    }
  }

  /// Returns the mark of a request; nil if there is none.
  ///
  /// - Parameter isAnswered: true if it counts also when a mail answered it already.
  private static func mark(_ name: String, isAnswered: Bool, _ db: Database) throws -> String? {
    guard let record = try FleetRecords.find(name, db), record.body.isOpen || isAnswered else { return nil }
    return record.body.mark(at: record.version)
  }

  /// Returns the totals of errors that came since a time, in the order of their rows.
  ///
  /// - Parameter row: Only rows behind this one.
  package func fleetTotals(
    since time: Timestamp, after row: Int64, limit: Int
  ) async throws(StoreFailure) -> [FleetTotals] {
    try await reader.read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT \(FleetTotals.columns) FROM fingerprint f JOIN site s ON s.id = f.site_id
          WHERE f.id > ? AND f.last_seen >= ? ORDER BY f.id LIMIT ?
          """)
      return try Row.fetchAll(statement, arguments: [row, time.milliseconds, limit]).map { try FleetTotals($0) }
    }
  }

  /// Returns the totals of some rows.
  package func fleetTotals(of rows: Set<Int64>) async throws(StoreFailure) -> [FleetTotals] {
    try await reader.read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT \(FleetTotals.columns) FROM fingerprint f JOIN site s ON s.id = f.site_id WHERE f.id = ?")
      return try rows.compactMap { row in
        try Row.fetchOne(statement, arguments: [row]).map { try FleetTotals($0) }
      }
    }
  }

  /// Turns a queued mail into a count, because a mail of another relay reports its error: the mail leaves the queue, it is
  /// counted as held back, and the window that it opened begins when the other mail was delivered. All of that is one
  /// durable transaction, or nothing.
  ///
  /// - Parameter start: Asked inside the transaction for that time; nil if it is too long ago by now.
  /// - Returns: true if the mail is a count now; false if `start` was nil, or if the mail is gone, held, or with some
  ///   recipient.
  package func holdBack(
    _ id: QueueID, since start: @escaping @Sendable () -> Timestamp?
  ) async throws(StoreFailure) -> Bool {
    try await commit { batch in
      guard let covered = try CoveredMail.find(id, batch.db), let start = start() else { return false }
      try batch.holdBack(covered, id, since: start)
      return true
    }
  }
}

/// A mail of the queue that may turn into a count.
private struct CoveredMail {
  var facts: QueueTable.Facts
  var error: Int64
  var reason: String
  var queuedAt: Timestamp

  static func find(_ id: QueueID, _ db: Database) throws -> CoveredMail? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT e.fleet_error, e.fleet_reason, e.queued_at FROM entry e JOIN fingerprint f ON f.id = e.fleet_error
        WHERE e.id = ? AND e.delivered = 0 AND e.aside = 0
        """)
    guard let row = try Row.fetchOne(statement, arguments: [id.rawValue]), let facts = try QueueTable.facts(id, db)
    else { return nil }
    return CoveredMail(
      facts: facts, error: try row.integer(0), reason: try row.text(1), queuedAt: try row.time(2))
  }
}

extension Batch {
  fileprivate func holdBack(_ covered: CoveredMail, _ id: QueueID, since start: Timestamp) throws {
    _ = unchanged.take(id)
    let place = try SentTable.Place.find(id, db)
    try QueueTable.delete(id, db)
    covered.facts.file.map { effects.orphans.append($0) }
    let opened = covered.facts.opened
    // The mail would have reported the mails held back before it. Nobody reads it now, so they count towards the next.
    let statement = try db.cachedStatement(
      sql: """
        UPDATE fingerprint SET held = held + ?1 + 1, suppressed = suppressed + 1, last_reason = ?2,
          window_start = IIF(window_start = ?3, ?4, window_start)
        WHERE id = ?5
        """)
    try statement.execute(arguments: [
      opened?.carried ?? 0, SuppressionReason.fleetWindow.rawValue, opened?.start.milliseconds, start.milliseconds,
      covered.error,
    ])
    tally.turn(covered.reason, into: .fleetWindow, fingerprint: covered.error, at: covered.queuedAt)
    try place?.giveBack(db)
  }
}
