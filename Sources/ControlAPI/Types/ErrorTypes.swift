import DedupCore
package import Foundation

// Statistics, exports and copies of errors, in the JSON of the control API; see `ControlJSON` for its rules.

/// The sums over everything that the store knows.
package struct StatisticsReport: Codable, Sendable, Equatable {
  package struct Reason: Codable, Sendable, Equatable {
    /// The outcome of the mails: `passed`, `doubtful`, `forwarded`, `suppressed`.
    package var outcome: String
    package var reason: String
    package var mails: Int
  }

  package struct Site: Codable, Sendable, Equatable {
    package var site: String
    package var forwarded: Int
    package var suppressed: Int
  }

  package struct Quarter: Codable, Sendable, Equatable {
    package var start: Date
    package var totals: TotalsReport
  }

  package var totals: TotalsReport
  /// The mails by outcome and reason, over all time that is kept, the largest number first.
  package var reasons: [Reason]
  package var sites: [Site]
  /// The quarters of an hour of the requested days in which mail arrived, oldest first.
  package var quarters: [Quarter]
  package var errors: Int
  package var samples: Int
  package var sampleOctets: Int
  package var databaseOctets: Int
  package var queue: QueueReport
}

/// A page of the list of all errors.
package struct ExportPage: Codable, Sendable, Equatable {
  package var errors: [ErrorEntry]
  /// The value that asks for the next page. Absent on the last page.
  package var next: Int?
}

/// A request to send kept mails of an error once more.
package struct CopyRequest: Codable, Sendable, Equatable {
  package var selector: ErrorSelector
  /// The number of mails to send, the latest of those kept.
  package var last: Int
  /// The recipients. Absent for those who get error mail of the site.
  package var to: [String]?

  package init(selector: ErrorSelector, last: Int, to: [String]? = nil) {
    self.selector = selector
    self.last = last
    self.to = to
  }
}

/// The result of a `CopyRequest` for one error.
package struct CopyReport: Codable, Sendable, Equatable {
  package var error: ErrorName
  /// The ids of the copies in the queue, the latest mail first.
  package var queued: [String]
  package var recipients: [String]
  /// The number of mails that are kept but are not what was stored. They are not sent.
  package var damaged: Int

  package init(error: ErrorName, queued: [String], recipients: [String], damaged: Int) {
    self.error = error
    self.queued = queued
    self.recipients = recipients
    self.damaged = damaged
  }
}

extension TotalsReport {
  init(_ totals: Totals) {
    self.init(
      accepted: totals.accepted, passed: totals.passed, doubtful: totals.doubtful, forwarded: totals.forwarded,
      suppressed: totals.suppressed)
  }
}

extension QueueReport {
  init(_ queue: QueueStatus) {
    self.init(
      waiting: queue.waiting, octets: queue.octets, oldest: queue.oldest.map(Date.init), held: queue.held,
      doubts: queue.doubts)
  }
}

extension StatisticsReport {
  init(_ statistics: StoreStatistics, totals: Totals, queue: QueueStatus) {
    self.init(
      totals: TotalsReport(totals),
      reasons: statistics.reasons.map { Reason(outcome: $0.outcome, reason: $0.reason, mails: $0.mails) },
      sites: statistics.sites.map { Site(site: $0.site, forwarded: $0.forwarded, suppressed: $0.suppressed) },
      quarters: statistics.quarters.map { Quarter(start: Date($0.start), totals: TotalsReport($0.totals)) },
      errors: statistics.errors, samples: statistics.samples, sampleOctets: statistics.sampleOctets,
      databaseOctets: statistics.databaseOctets, queue: QueueReport(queue))
  }
}

extension ExportPage: Described {
  static let schema = Schema(
    "ExportPage",
    [
      "errors": "Error[]", "next?": "integer",
    ], parts: [ErrorEntry.self])
}

extension StatisticsReport: Described {
  static let schema = Schema(
    "Statistics",
    [
      "totals": "Totals", "reasons": "Reason[]", "sites": "Site[]", "quarters": "Quarter[]", "errors": "integer",
      "samples": "integer", "sample_octets": "integer", "database_octets": "integer", "queue": "Queue",
    ],
    parts: [
      TotalsReport.self, StatisticsReport.Reason.self, StatisticsReport.Site.self, StatisticsReport.Quarter.self,
      QueueReport.self,
    ])
}

extension StatisticsReport.Reason: Described {
  static let schema = Schema(
    "Reason",
    [
      "outcome": "string", "reason": "string", "mails": "integer",
    ])
}

extension StatisticsReport.Site: Described {
  static let schema = Schema(
    "Site",
    [
      "site": "string", "forwarded": "integer", "suppressed": "integer",
    ])
}

extension StatisticsReport.Quarter: Described {
  static let schema = Schema(
    "Quarter",
    [
      "start": "time", "totals": "Totals",
    ], parts: [TotalsReport.self])
}

extension CopyRequest: Described {
  static let schema = Schema(
    "CopyRequest",
    [
      "selector": "Selector", "last": "integer", "to?": "string[]",
    ], parts: [ErrorSelector.self])
}

extension CopyReport: Described {
  static let schema = Schema(
    "CopyReport",
    [
      "error": "ErrorName", "queued": "string[]", "recipients": "string[]", "damaged": "integer",
    ], parts: [ErrorName.self])
}
