import DedupCore
import GRDB
import MailMessage

/// What the reports of each envelope listed as their site's own packages, beside what is known of it in memory.
struct PackageTable {
  /// As the table holds it.
  private(set) var packages: SitePackages

  init(_ packages: SitePackages) { self.packages = packages }

  /// Takes note of what a report lists, now and then: it changes when somebody deploys.
  mutating func note(_ occurrence: Occurrence, of envelope: Envelope, at now: Timestamp, _ db: Database) throws {
    let key = Site.envelopeKey(of: envelope)
    guard packages.isDue(key, at: now) else { return }
    let listed = occurrence.packages.all
    if listed.isEmpty { return }
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO site_package (envelope, package, since) VALUES (?, ?, ?)")
    for package in packages.note(listed, of: key, at: now) {
      try statement.execute(arguments: [key, package, now.milliseconds])
    }
  }

  /// What earlier processes noted.
  static func read(_ db: Database) throws -> SitePackages {
    var packages = SitePackages()
    let select = "SELECT envelope, package FROM site_package ORDER BY since, rowid"
    for row in try Row.fetchAll(db, sql: select) { packages.restore(try row.text(1), of: try row.text(0)) }
    return packages
  }
}
