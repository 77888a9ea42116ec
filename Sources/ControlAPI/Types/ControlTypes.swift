package import DedupCore
package import Foundation

// The JSON of the control API, version 1, and of `dedupctl -o json`: keys in snake_case, times in ISO 8601 UTC,
// octets and counts as whole numbers. Keys are only ever added.

/// One error of one site, as `dedupctl list` shows it.
package struct ErrorEntry: Codable, Sendable, Equatable {
  /// What an admin types: the first 8 digits of the digest.
  package var id: String
  /// `version:digest`.
  package var fingerprint: String
  package var error: String
  package var place: String
  package var site: String
  /// Held back since the last mail that was forwarded.
  package var heldBack: Int
  /// Held back in all.
  package var suppressed: Int
  /// Seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// Absent when no window is open.
  package var windowEnd: Date?
  /// Arrivals of the last 24 hours, oldest first; the last one is the running hour.
  package var hours: [Int]
  /// The present outbreak of it, or the latest one.
  package var episode: EpisodeEntry
  /// Absent unless somebody resolved it and it did not come back since.
  package var resolvedAt: Date?
  /// The storm cap holds it back until the next digest.
  package var awaitsDigest: Bool
  /// A silence covers it.
  package var isSilenced: Bool
  /// An admin asked for the next mail.
  package var passesNext: Bool
  /// What became of the latest mail, in the word of the log; absent when that was not kept.
  package var lastReason: String?
  /// The rule that decided over it; absent: none did.
  package var lastRule: String?
  /// Different texts and places among its variants; absent in answers of earlier versions.
  package var texts: Int?
  package var places: Int?
  /// Sites of one name differ in these three: Django's `EMAIL_SUBJECT_PREFIX` (empty: none), and sender and recipients
  /// in lower case. Absent in answers of earlier versions.
  package var subjectPrefix: String?
  package var sender: String?
  package var recipients: [String]?
}

/// One outbreak of an error.
package struct EpisodeEntry: Codable, Sendable, Equatable {
  /// How many there were so far, this one included.
  package var number: Int
  /// Seen in it.
  package var total: Int
  package var startedAt: Date
  /// `new`, `again`, or `regression`.
  package var beginning: String
  /// How long it had been quiet before; absent in the first one.
  package var quietSecondsBefore: Int?
}

/// One error with everything that is kept of it.
package struct ErrorDetail: Codable, Sendable, Equatable {
  package var entry: ErrorEntry
  package var explanation: String
  /// The first and the latest mail as they arrived (bytes that are not UTF-8 replaced); absent when not kept.
  package var firstMail: String?
  package var latestMail: String?
  /// Which of the mails are kept but are not what was stored: `first`, `latest`; absent when none is.
  package var damagedMails: [String]?
  /// Its variants, the first seen first; absent when it has none.
  package var variants: [VariantEntry]?
  /// Arrivals of the last 30 days by the hour, oldest first; the last one is the running hour.
  package var history: [Int]
  /// The silences that cover it.
  package var silences: [SilenceEntry]
}

/// One variant of an error: another path to the same place, or another text.
package struct VariantEntry: Codable, Sendable, Equatable {
  package var name: String
  /// Seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// Whether the first mail of the error is the first of this variant.
  package var isOfFirstMail: Bool
  /// The text of the exception as it was printed in the first mail of the variant, or in the latest that went out since.
  /// Absent: not known.
  package var text: String?
  /// The frame that raised the exception of that mail, which may be a library's. Absent: not known.
  package var place: String?
  /// The frame of the application that called the innermost application frame of that mail. Absent: not known.
  package var caller: String?
  /// Its first mail, as that of the error; absent when not kept, or when the mails of all variants are too many for
  /// one answer.
  package var firstMail: String?
  /// True when that mail is kept but is not what was stored; else absent.
  package var isDamaged: Bool?
}

/// The state of the relay.
package struct StatusReport: Codable, Sendable, Equatable {
  package var version: String
  /// Absent when the daemon is down and the store was read directly.
  package var daemon: DaemonStatus?
  package var totals: TotalsReport
  package var queue: QueueReport
}

/// What only the running daemon knows.
package struct DaemonStatus: Codable, Sendable, Equatable {
  package var pid: Int
  package var startedAt: Date
  package var uptimeSeconds: Int
  package var listening: [String]
  package var nextHop: String
  package var connections: Int
  package var trouble: TroubleReport
  /// Absent before the first.
  package var lastReload: ReloadReport?
  /// Absent when nothing is to be encrypted.
  package var encryption: EncryptionReport?
  /// The next hops that reject mail about errors for good; absent when none does.
  package var rejecting: [RejectingReport]?
  /// The routes of the configuration; absent when there are none.
  package var routes: [RouteReport]?
  /// The next hops with limits that got mail; absent when there are none.
  package var pacing: [PacingReport]?
  /// Absent when the queue does not grow.
  package var growth: GrowthReport?
  /// The smarthosts, in the order of preference; absent when there are none, and in answers of earlier versions.
  package var smarthosts: [SmarthostReport]?

  package init(
    pid: Int, startedAt: Date, uptimeSeconds: Int, listening: [String], nextHop: String, connections: Int,
    trouble: TroubleReport, lastReload: ReloadReport? = nil, encryption: EncryptionReport? = nil,
    rejecting: [RejectingReport]? = nil, routes: [RouteReport]? = nil, pacing: [PacingReport]? = nil,
    growth: GrowthReport? = nil,
    smarthosts: [SmarthostReport]? = nil
  ) {
    self.routes = routes
    self.pacing = pacing
    self.growth = growth
    self.encryption = encryption
    self.rejecting = rejecting
    self.smarthosts = smarthosts
    self.pid = pid
    self.startedAt = startedAt
    self.uptimeSeconds = uptimeSeconds
    self.listening = listening
    self.nextHop = nextHop
    self.connections = connections
    self.trouble = trouble
    self.lastReload = lastReload
  }
}

/// What became of a new configuration.
package struct ReloadReport: Codable, Sendable, Equatable {
  package var at: Date
  /// Why it was refused and the old one stays, a line each with its place in the file; empty: it is in force.
  package var problems: [String]
  /// The keys that took effect.
  package var changed: [String]
  /// The keys that take effect after a restart.
  package var awaitingRestart: [String]
  /// Both with what stood there and what stands there now; absent in answers of earlier versions.
  package var changes: [Change]?

  /// One key, site or rule, as a file has it.
  package struct Change: Codable, Sendable, Equatable {
    package var key: String
    package var old: String
    package var new: String

    package init(key: String, old: String, new: String) {
      self.key = key
      self.old = old
      self.new = new
    }
  }

  package init(at: Date, problems: [String], changed: [String], awaitingRestart: [String]) {
    self.at = at
    self.problems = problems
    self.changed = changed
    self.awaitingRestart = awaitingRestart
  }
}

/// To whom error mail is encrypted.
package struct EncryptionReport: Codable, Sendable, Equatable {
  package var certificates: [CertificateReport]
  /// Why certificates cannot be used, a line each.
  package var problems: [String]
  /// What will be a problem soon, a line each.
  package var warnings: [String]
  /// Whether error mail leaves in clear because of the problems.
  package var leavesInClear: Bool

  package init(certificates: [CertificateReport], problems: [String], warnings: [String], leavesInClear: Bool) {
    self.certificates = certificates
    self.problems = problems
    self.warnings = warnings
    self.leavesInClear = leavesInClear
  }
}

/// A certificate that error mail is encrypted to.
package struct CertificateReport: Codable, Sendable, Equatable {
  package var file: String
  package var subject: String
  package var expires: Date

  package init(file: String, subject: String, expires: Date) {
    self.file = file
    self.subject = subject
    self.expires = expires
  }
}

/// What became of the mails that the database could not take; the counts are since the start.
package struct TroubleReport: Codable, Sendable, Equatable {
  /// In the emergency spool now.
  package var spoolWaiting: Int
  /// Kept in the emergency spool.
  package var spooled: Int
  /// Handed straight to the next hop.
  package var cutThrough: Int
  /// Refused for now.
  package var refused: Int
  /// Databases that were set aside and not removed since; absent when there are none.
  package var setAside: [SetAsideReport]?
  /// Error mails counted in the reserve, with a full disk; absent when there were none.
  package var counted: Int?
  /// Since when the disk has no room for new mail; absent when it has.
  package var diskFullSince: Date?

  package init(
    spoolWaiting: Int, spooled: Int, cutThrough: Int, refused: Int, setAside: [SetAsideReport]? = nil,
    counted: Int? = nil, diskFullSince: Date? = nil
  ) {
    self.setAside = setAside
    self.counted = counted
    self.diskFullSince = diskFullSince
    self.spoolWaiting = spoolWaiting
    self.spooled = spooled
    self.cutThrough = cutThrough
    self.refused = refused
  }
}

/// A database that was damaged, or stood in the place of ours, and is not used any more.
package struct SetAsideReport: Codable, Sendable, Equatable {
  package var path: String
  package var at: Date

  package init(path: String, at: Date) {
    self.path = path
    self.at = at
  }
}

/// Everything acknowledged so far, by what became of it; `accepted` is the sum of the others.
package struct TotalsReport: Codable, Sendable, Equatable {
  package var accepted: Int
  package var passed: Int
  package var doubtful: Int
  package var forwarded: Int
  package var suppressed: Int
}

/// The length of the queue.
package struct QueueReport: Codable, Sendable, Equatable {
  package var waiting: Int
  package var octets: Int
  package var oldest: Date?
  /// Of those that wait, the ones that the admin holds.
  package var held: Int
  /// Beside those that wait: mails that may be error reports and were held back, because so many alike came. Absent in
  /// what earlier versions wrote.
  package var doubts: Int?
}

/// Which summary is asked for.
package struct SummaryRequest: Sendable, Equatable {
  /// It covers so many times 24 hours, up to now.
  package let days: Int
  /// Only this site, by name; nil: all.
  package var site: String?

  /// - Parameter days: less than 1 counts as 1, more than 400 as 400.
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
  /// The other mails, where each recipient or site has one of its own; absent when there are none.
  package var others: [SummarySent]?

  package init(id: String, sender: String, recipients: [String], others: [SummarySent]? = nil) {
    self.id = id
    self.sender = sender
    self.recipients = recipients
    self.others = others
  }
}

/// An error answer.
package struct ControlProblem: Codable, Sendable, Equatable, Error, CustomStringConvertible {
  /// What kind of problem it is, for programs.
  package enum Kind: String, Codable, Sendable {
    /// The request is not what the path takes.
    case malformed
    /// It is longer than any request.
    case tooLarge = "too-large"
    /// It names nothing that is there.
    case nothingMatched = "nothing-matched"
    /// It names several where one is meant.
    case ambiguous
    /// It was understood and cannot be done.
    case refused
  }

  /// What happened and what to do.
  package var message: String
  /// Absent in answers of earlier versions, and where something went wrong that should not have.
  package var kind: Kind?

  package init(_ message: String, _ kind: Kind = .refused) {
    self.message = message
    self.kind = kind
  }

  /// Something went wrong that should not have.
  init(unexpected error: any Error) { message = "\(error)" }

  package var description: String { message }
}
