package import DedupCore

/// A request for a summary.
package struct SummaryRequest: Sendable, Equatable {
  /// The number of periods of 24 hours, up to now, that the summary covers.
  package let days: Int
  /// The name of the only site to cover, or nil for all sites.
  package var site: String?

  /// Makes a request.
  ///
  /// - Parameter days: the days to cover. Less than 1 counts as 1, more than 400 as 400.
  package init(days: Int = 1, site: String? = nil) {
    self.days = min(400, max(1, days))
    self.site = site
  }

  package func period(until now: Timestamp) -> SummaryPeriod {
    SummaryPeriod(from: now.advanced(by: .seconds(-86_400 * days)), to: now)
  }
}

/// A summary that was not sent.
package struct SummaryPreview: Codable, Sendable, Equatable {
  package var subject: String
  package var text: String
  package var html: String

  package init(subject: String, text: String, html: String) {
    self.subject = subject
    self.text = text
    self.html = html
  }
}

/// A summary that was queued.
package struct SummarySent: Codable, Sendable, Equatable {
  package var id: String
  package var sender: String
  package var recipients: [String]
  /// The other mails, if each recipient or site has a mail of its own. Absent if there are none.
  package var others: [SummarySent]?

  package init(id: String, sender: String, recipients: [String], others: [SummarySent]? = nil) {
    self.id = id
    self.sender = sender
    self.recipients = recipients
    self.others = others
  }
}

extension SummaryPreview: Described {
  static let schema = Schema(
    "SummaryPreview",
    [
      "subject": "string", "text": "string", "html": "string",
    ])
}

extension SummarySent: Described {
  static let schema = Schema(
    "SummarySent",
    [
      "id": "string", "sender": "string", "recipients": "string[]", "others?": "SummarySent[]",
    ])
}
