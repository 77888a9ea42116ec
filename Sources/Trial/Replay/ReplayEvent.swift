package import DedupCore

/// A mail about errors that would have been sent.
package struct ReplayEvent: Hashable, Sendable {
  package enum What: Hashable, Sendable {
    /// A report as it arrived, with its count.
    case forwarded(ForwardReason)
    /// A mail as it arrived that may or may not be a report, with the reason for the doubt.
    case doubtful(String)
    /// A mail of our own.
    case digest, allClear
    case milestone(Int)
  }

  package var at: Timestamp
  package var what: What
  /// The indices in `Replay.errors` of the errors that the mail reports: one or more for a digest of errors, none for a
  /// doubt or a digest of doubts.
  package var errors: [Int]
  /// The site, as `Site.name`. Empty if it is not known.
  package var site: String
  /// The count of its error that the mail shows, or nil for a digest or a doubt.
  package var count: RunningCount?

  init(at: Timestamp, what: What, errors: [Int] = [], site: String = "", count: RunningCount? = nil) {
    self.at = at
    self.what = what
    self.errors = errors
    self.site = site
    self.count = count
  }

  /// The word shown in the report of a replay. For forwarded mail it is the one in `X-MailDedup-Reason`.
  package var reason: String {
    switch what {
    case .forwarded(let reason): reason.text
    case .doubtful(let reason): ForwardReason.doubt(reason).text
    case .digest: "digest"
    case .allClear: "all-clear"
    case .milestone: "milestone"
    }
  }
}
