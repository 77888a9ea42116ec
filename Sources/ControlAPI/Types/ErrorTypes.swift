import DedupCore
package import Foundation

// More about errors, in the JSON of the control API; see ControlTypes.swift for its rules.

/// Sums over all that the store knows.
package struct StatisticsReport: Codable, Sendable, Equatable {
  package struct Reason: Codable, Sendable, Equatable {
    /// `passed`, `doubtful`, `forwarded`, `suppressed`.
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
  /// Of all time that is kept, the most first.
  package var reasons: [Reason]
  package var sites: [Site]
  /// Quarters of an hour of the last days in which mail came, oldest first.
  package var quarters: [Quarter]
  package var errors: Int
  package var samples: Int
  package var sampleOctets: Int
  package var databaseOctets: Int
  package var queue: QueueReport
}

/// A page of all errors.
package struct ExportPage: Codable, Sendable, Equatable {
  package var errors: [ErrorEntry]
  /// What to ask the next page for; absent behind the last one.
  package var next: Int?
}

/// Kept mails of an error, to be sent once more.
package struct CopyRequest: Codable, Sendable, Equatable {
  package var selector: ErrorSelector
  /// Of them, the latest so many.
  package var last: Int
  /// Who gets them; absent: whoever gets error mail of the site.
  package var to: [String]?

  package init(selector: ErrorSelector, last: Int, to: [String]? = nil) {
    self.selector = selector
    self.last = last
    self.to = to
  }
}

/// What became of a `CopyRequest` for one error.
package struct CopyReport: Codable, Sendable, Equatable {
  package var error: ErrorName
  /// The ids in the queue, the latest mail first.
  package var queued: [String]
  package var recipients: [String]
  /// Mails that are kept but are not what was stored: they are not sent.
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
