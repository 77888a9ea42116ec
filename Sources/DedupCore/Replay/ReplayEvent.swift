/// A mail about errors that would have gone out.
package struct ReplayEvent: Hashable, Sendable {
  package enum What: Hashable, Sendable {
    /// A report as it came, with its count.
    case forwarded(ForwardReason)
    /// A mail as it came of which nobody knows whether it is a report.
    case doubtful(String)
    /// Our own mails.
    case digest, allClear
    case milestone(Int)
  }

  package var at: Timestamp
  package var what: What
  /// The errors that it tells of, by their place in `Replay.errors`: several for a digest, none for a doubt.
  package var errors: [Int]
  /// `Site.name`; empty when it is not known.
  package var site: String
  /// What it says of its error; nil for a digest and a doubt.
  package var count: RunningCount?

  init(at: Timestamp, what: What, errors: [Int] = [], site: String = "", count: RunningCount? = nil) {
    self.at = at
    self.what = what
    self.errors = errors
    self.site = site
    self.count = count
  }

  /// The word that the report of a replay shows; for forwarded mail the one in `X-MailDedup-Reason`.
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
