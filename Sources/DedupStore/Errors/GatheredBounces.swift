import DedupCore
import GRDB
import MailMessage
import RelayMail

/// The failures of mails about errors that no digest has reported yet. There is one row for each sender, recipient and
/// status.
enum GatheredBounces {
  /// The maximum number of rows; a failure that would need one more is counted in an existing row, of its sender if
  /// possible.
  private static let mostRows = 1000

  static func note(_ bounce: GatheredBounce, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO gathered_bounce
          (sender, recipient, status, postmaster, reason, next_hop, subject, mails, first_at, last_at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?8
        WHERE (SELECT COUNT(*) FROM gathered_bounce) < ?9
          OR EXISTS (SELECT 1 FROM gathered_bounce WHERE sender = ?1 AND recipient = ?2 AND status = ?3)
        ON CONFLICT DO UPDATE SET postmaster = ?4, reason = ?5, next_hop = ?6, subject = ?7,
          first_at = IIF(mails = 0, ?8, first_at), mails = mails + 1, last_at = ?8
        """)
    try statement.execute(arguments: [
      bounce.sender.text, bounce.recipient.text, bounce.status, bounce.postmaster?.text,
      String(bounce.reason.prefix(GatheredBounce.longestText)), bounce.nextHop,
      String(bounce.subject.prefix(GatheredBounce.longestText)), bounce.at.milliseconds, mostRows,
    ])
    guard db.changesCount == 0 else { return }
    let crowded = try db.cachedStatement(
      sql: """
        UPDATE gathered_bounce SET mails = mails + 1
        WHERE (sender, recipient, status) =
          (SELECT sender, recipient, status FROM gathered_bounce ORDER BY sender = ? DESC, last_at DESC LIMIT 1)
        """)
    try crowded.execute(arguments: [bounce.sender.text])
  }

  /// Returns the time until a digest is due; nil if there is nothing to report.
  static func next(now: Timestamp, _ db: Database) throws -> Duration? {
    try waiting(db).map { $0.wait(now: now) }.min()
  }

  struct Waiting {
    var sender: String
    var first: Timestamp
    var told: Timestamp?

    func wait(now: Timestamp) -> Duration { BounceDigest.wait(first: first, told: told, now: now) }
  }

  /// Returns the senders with failures to report.
  static func waiting(_ db: Database) throws -> [Waiting] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT sender, MIN(IIF(mails > 0, first_at, NULL)), MAX(told_at) FROM gathered_bounce
        GROUP BY sender HAVING SUM(mails) > 0
        """)
    return try Row.fetchAll(statement).map {
      Waiting(sender: try $0.text(0), first: try $0.time(1), told: try $0.optionalTime(2))
    }
  }

  static func items(of sender: String, _ db: Database) throws -> [BounceDigest.Item] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT sender, recipient, status, postmaster, reason, next_hop, subject, mails, first_at, last_at
        FROM gathered_bounce WHERE sender = ? AND mails > 0 ORDER BY mails DESC, recipient
        """)
    return try Row.fetchAll(statement, arguments: [sender]).map { row in
      let latest = GatheredBounce(
        sender: EmailAddress(try row.text(0)), recipient: EmailAddress(try row.text(1)), status: try row.text(2),
        reason: try row.text(4), nextHop: try row.text(5), subject: try row.text(6), at: try row.time(9),
        postmaster: try row.optionalText(3).map { EmailAddress($0) })
      return BounceDigest.Item(latest: latest, mails: try row.count(7), firstAt: try row.time(8))
    }
  }

  /// Marks all failures of `sender` as reported, and forgets those that did not recur for a day.
  static func told(_ sender: String, at now: Timestamp, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE gathered_bounce SET told_at = ?, mails = 0 WHERE sender = ?", arguments: [now.milliseconds, sender])
    try db.execute(
      sql: "DELETE FROM gathered_bounce WHERE mails = 0 AND last_at NOT BETWEEN ? AND ?",
      arguments: [
        now.advanced(by: .seconds(-86_400)).milliseconds, now.advanced(by: .seconds(86_400)).milliseconds,
      ])
  }
}

extension Batch {
  /// Queues the digests of bounces that are due.
  func sendGatheredBounces(now: Timestamp) throws {
    for waiting in try GatheredBounces.waiting(db) where waiting.wait(now: now) <= .zero {
      let items = try GatheredBounces.items(of: waiting.sender, db)
      try GatheredBounces.told(waiting.sender, at: now, db)
      let to = BounceDigest.addressees(
        sender: EmailAddress(waiting.sender), postmaster: items.compactMap(\.latest.postmaster).first)
      guard !to.isEmpty else { continue }
      let id = QueueIDs.next(at: now)
      let message = BounceDigest(items).message(to: to, id: id, at: now, letterhead)
      try enqueue(
        OwnMail(id: id, envelope: Envelope(sender: .null, recipients: to), message: message, kind: .bounce), file: nil)
    }
  }
}
