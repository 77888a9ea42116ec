/// Sums over all that the store knows.
package struct StoreStatistics: Hashable, Sendable {
  /// Mails by what became of them and why.
  package struct Reason: Hashable, Sendable {
    /// `passed`, `doubtful`, `forwarded`, `suppressed`.
    package var outcome: String
    package var reason: String
    package var mails: Int

    package init(outcome: String, reason: String, mails: Int) {
      self.outcome = outcome
      self.reason = reason
      self.mails = mails
    }
  }

  /// Error mail of one site.
  package struct SiteCount: Hashable, Sendable {
    /// `Site.name`.
    package var site: String
    package var forwarded: Int
    package var suppressed: Int

    package init(site: String, forwarded: Int, suppressed: Int) {
      self.site = site
      self.forwarded = forwarded
      self.suppressed = suppressed
    }
  }

  /// One quarter of an hour.
  package struct Quarter: Hashable, Sendable {
    package var start: Timestamp
    package var totals: Totals

    package init(start: Timestamp, totals: Totals) {
      self.start = start
      self.totals = totals
    }
  }

  /// Of all time that is kept, the most first.
  package var reasons: [Reason] = []
  /// Of all time that is kept, the most first; sites of one name together.
  package var sites: [SiteCount] = []
  /// The last days, as far as mail came; oldest first.
  package var quarters: [Quarter] = []
  /// Errors that are known.
  package var errors = 0
  /// Mails of errors that are kept, and their octets as they came.
  package var samples = 0
  package var sampleOctets = 0
  /// Octets of the database.
  package var databaseOctets = 0

  package init() {}
}
