/// Sums over everything that the store knows.
package struct StoreStatistics: Hashable, Sendable {
  /// A number of mails with the same outcome for the same reason.
  package struct Reason: Hashable, Sendable {
    /// The outcome: `passed`, `doubtful`, `forwarded` or `suppressed`.
    package var outcome: String
    package var reason: String
    package var mails: Int

    package init(outcome: String, reason: String, mails: Int) {
      self.outcome = outcome
      self.reason = reason
      self.mails = mails
    }
  }

  /// The number of error mails of one site.
  package struct SiteCount: Hashable, Sendable {
    /// The name of the site, as `Site.name`.
    package var site: String
    package var forwarded: Int
    package var suppressed: Int

    package init(site: String, forwarded: Int, suppressed: Int) {
      self.site = site
      self.forwarded = forwarded
      self.suppressed = suppressed
    }
  }

  /// The totals of one quarter of an hour.
  package struct Quarter: Hashable, Sendable {
    package var start: Timestamp
    package var totals: Totals

    package init(start: Timestamp, totals: Totals) {
      self.start = start
      self.totals = totals
    }
  }

  /// The mails by outcome and reason, over all time that is kept, the largest number first.
  package var reasons: [Reason] = []
  /// The error mails by site, over all time that is kept, the largest number first. Sites of one name are counted
  /// together.
  package var sites: [SiteCount] = []
  /// The quarters of an hour of the requested time in which mail arrived, oldest first.
  package var quarters: [Quarter] = []
  /// The number of known errors.
  package var errors = 0
  /// The number of error mails kept as samples, and their size in octets as they arrived.
  package var samples = 0
  package var sampleOctets = 0
  /// The size of the database in octets.
  package var databaseOctets = 0

  package init() {}
}
