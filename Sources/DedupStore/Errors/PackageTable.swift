import DedupCore
import GRDB
import MailMessage

/// The table of the packages that reports listed as belonging to their site, and its copy in memory (`SitePackages`).
struct PackageTable {
  /// The contents of the table, including packages that were lost with a damaged database.
  private(set) var packages: SitePackages

  init(_ packages: SitePackages) { self.packages = packages }

  /// Records the packages that a report lists, at intervals: they change with deployments.
  mutating func note(_ occurrence: Occurrence, of envelope: Envelope, at now: Timestamp, _ db: Database) throws {
    let key = Site.envelopeKey(of: envelope)
    guard packages.isDue(key, at: now) else { return }
    let listed = occurrence.packages.all
    if listed.isEmpty { return }
    let statement = try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO site_package (envelope, package, since) VALUES (?, ?, ?)")
    _ = packages.note(listed, of: key, at: now)
    // All of them: a database that replaced a damaged one may lack some.
    for package in packages.names(of: key) {
      try statement.execute(arguments: [key, package, now.milliseconds])
    }
  }

  /// Reads the packages that earlier processes recorded.
  static func read(_ db: Database) throws -> SitePackages {
    var packages = SitePackages()
    let select = "SELECT envelope, package FROM site_package ORDER BY since, rowid"
    for row in try Row.fetchAll(db, sql: select) { packages.restore(try row.text(1), of: try row.text(0)) }
    return packages
  }
}
