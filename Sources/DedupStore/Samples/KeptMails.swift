package import DedupCore
import GRDB
package import MailMessage

/// The mails that are kept of an error, to be sent once more.
package struct KeptMails: Hashable, Sendable {
  package struct Mail: Hashable, Sendable {
    package var arrivedAt: Timestamp
    package var sample: SampleMail
  }

  /// The mails, the latest first.
  package var mails: [Mail]
  /// The sender and the recipients of the mail of its site.
  package var envelope: Envelope

  /// Returns the kept mails of an error; nil if no error has that row.
  ///
  /// - Parameter limit: the maximum number of mails, the latest ones.
  static func find(_ error: Int64, limit: Int, _ db: Database) throws -> KeptMails? {
    let site = try Row.fetchOne(
      db, sql: "SELECT s.sender, s.recipients FROM fingerprint f JOIN site s ON s.id = f.site_id WHERE f.id = ?",
      arguments: [error])
    guard let site else { return nil }
    let recipients = try site.text(1).split(separator: "\n").map { EmailAddress(String($0)) }
    let rows = try Row.fetchAll(
      db, sql: "SELECT slot, arrived_at FROM sample WHERE fingerprint_id = ? ORDER BY arrived_at DESC, slot LIMIT ?",
      arguments: [error, max(0, limit)])
    return KeptMails(
      mails: try rows.map {
        Mail(arrivedAt: try $0.time(1), sample: try SampleTable.find(try $0.text(0), of: error, db))
      },
      envelope: Envelope(sender: EmailAddress(try site.text(0)), recipients: recipients))
  }
}

extension SQLiteStore {
  /// Returns the kept mails of an error; nil if no error has that row.
  ///
  /// - Parameter limit: the maximum number of mails, the latest ones.
  package func keptMails(of error: Int64, limit: Int) async throws(StoreFailure) -> KeptMails? {
    try await writeLatestSamples()
    return try await reader.read { try KeptMails.find(error, limit: limit, $0) }
  }
}
