import DedupCore
import GRDB
import RelayMail

/// A row of `fingerprint`: an error of a site, as the commit point needs it.
struct ErrorRow {
  let id: Int64
  let site: Int64
  var record: WindowRecord
  var thread: MailThread
  var isExplained: Bool
  /// The row that the admin merged it into; nil if it is not merged.
  var mergedInto: Int64?
  /// True if each of its variants is an error of its own.
  var isSplit: Bool

  private static let select = """
    SELECT f.id, f.site_id, f.explanation IS NOT NULL, f.thread_root, f.thread_first, f.subject, f.merged_into,
      f.is_split, f.fingerprint, \(RecordColumns.selected)
    FROM fingerprint f
    """

  static func find(_ fingerprint: String, _ site: Site, _ db: Database) throws -> ErrorRow? {
    let statement = try db.cachedStatement(
      sql: "\(select) JOIN site s ON s.id = f.site_id WHERE f.fingerprint = ? AND s.key = ?")
    return try Row.fetchOne(statement, arguments: [fingerprint, site.key]).map { try ErrorRow($0) }
  }

  static func find(_ id: Int64, _ db: Database) throws -> ErrorRow? {
    let statement = try db.cachedStatement(sql: "\(select) WHERE f.id = ?")
    return try Row.fetchOne(statement, arguments: [id]).map { try ErrorRow($0) }
  }

  private init(_ row: Row) throws {
    record = try WindowRecord(row, from: 9)
    id = try row.integer(0)
    site = try row.integer(1)
    isExplained = try row.integer(2) == 1
    // An error from before there were threads gets the root that it would have had.
    thread = MailThread(
      root: try row.optionalText(3) ?? MailThread.root(fingerprint: try row.text(8), at: record.firstSeen),
      first: try row.optionalText(4), subject: try row.text(5))
    mergedInto = try row.optionalInteger(6)
    isSplit = try row.integer(7) == 1
  }

  init(id: Int64, site: Int64, record: WindowRecord, thread: MailThread) {
    self.id = id
    self.site = site
    self.record = record
    self.thread = thread
    isExplained = false
    isSplit = false
  }
}
