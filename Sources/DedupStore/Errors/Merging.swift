import DedupCore
import GRDB

/// Merges and splits errors for the admin. Rows keep their names, so a decision lasts whatever a later version of the
/// recogniser calls them: a renamed row is the same row.
enum Merging {
  /// Merges two errors. Returns true if there was something to merge.
  static func merge(_ id: Int64, into target: Int64, _ db: Database) throws -> Bool {
    guard id != target, let error = try ErrorRow.find(id, db), var whole = try ErrorRow.find(target, db),
      error.site == whole.site, error.mergedInto != target, whole.mergedInto == nil
    else { return false }
    whole.record.absorb(error.record)
    try RecordColumns.write(whole.record, to: target, db)
    var emptied = error.record
    emptied.giveAway()
    try RecordColumns.write(emptied, to: id, db)
    // Errors that were merged into this one before come along.
    try db.execute(
      sql: "UPDATE fingerprint SET merged_into = ? WHERE id = ? OR merged_into = ?", arguments: [target, id, id])
    try db.execute(
      sql: """
        INSERT INTO arrival (fingerprint_id, quarter, forwarded, suppressed)
        SELECT ?, quarter, forwarded, suppressed FROM arrival WHERE fingerprint_id = ?
        ON CONFLICT DO UPDATE
        SET forwarded = forwarded + excluded.forwarded, suppressed = suppressed + excluded.suppressed
        """, arguments: [target, id])
    try db.execute(sql: "DELETE FROM arrival WHERE fingerprint_id = ?", arguments: [id])
    return true
  }

  static func split(_ id: Int64, _ db: Database) throws -> SplitResult? {
    guard let error = try ErrorRow.find(id, db) else { return nil }
    try db.execute(
      sql: "UPDATE fingerprint SET merged_into = NULL WHERE merged_into IS NOT NULL AND (id = ? OR merged_into = ?)",
      arguments: [id, id])
    let released = db.changesCount
    if released > 0 { return .released(released) }
    if error.isSplit { return .alreadySplit }
    let variants = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM variant WHERE fingerprint_id = ?", arguments: [id])
    guard variants ?? 0 > 1 else { return .singleVariant }
    try db.execute(sql: "UPDATE fingerprint SET is_split = 1 WHERE id = ?", arguments: [id])
    return .byVariant
  }
}

extension WindowRecord {
  /// Adds the counts of another record. The window stays: what is hidden now stays hidden no longer than before.
  fileprivate mutating func absorb(_ other: WindowRecord) {
    firstSeen = min(firstSeen, other.firstSeen)
    lastSeen = max(lastSeen, other.lastSeen)
    rejection?.total += other.total
    held += other.held
    total += other.total
    suppressed += other.suppressed
    episode.mails += other.episode.mails
    episode.start = min(episode.start, other.episode.start)
    if let since = other.awaitsDigestSince { awaitsDigestSince = min(awaitsDigestSince ?? since, since) }
  }

  /// Clears a record whose counts another one took over: when it is an error of its own again, its next mail is sent.
  fileprivate mutating func giveAway() {
    (held, total, suppressed, episode.mails, episode.told) = (0, 0, 0, 0, 0)
    (windowStart, awaitsDigestSince, allClearAt, rejection) = (nil, nil, nil, nil)
  }
}
