package import Foundation

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

extension TotalsReport: Described {
  static let schema = Schema(
    "Totals",
    [
      "accepted": "integer", "passed": "integer", "doubtful": "integer", "forwarded": "integer",
      "suppressed": "integer",
    ])
}

extension QueueReport: Described {
  static let schema = Schema(
    "Queue",
    [
      "waiting": "integer", "octets": "integer", "oldest?": "time", "held": "integer", "doubts?": "integer",
    ])
}

extension SetAsideReport: Described {
  static let schema = Schema(
    "SetAside",
    [
      "path": "string", "at": "time",
    ])
}

extension StatusReport: Described {
  static let schema = Schema(
    "Status",
    [
      "version": "string", "daemon?": "Daemon", "totals": "Totals", "queue": "Queue",
    ], parts: [DaemonStatus.self, TotalsReport.self, QueueReport.self])
}

extension DaemonStatus: Described {
  static let schema = Schema(
    "Daemon",
    [
      "pid": "integer", "started_at": "time", "uptime_seconds": "integer", "listening": "string[]",
      "next_hop": "string", "connections": "integer", "trouble": "Trouble", "last_reload?": "ReloadReport",
      "encryption?": "Encryption", "rejecting?": "Rejecting[]", "routes?": "Route[]", "pacing?": "Pacing[]",
      "growth?": "Growth", "smarthosts?": "Smarthost[]",
    ],
    parts: [
      TroubleReport.self, ReloadReport.self, EncryptionReport.self, RejectingReport.self, RouteReport.self,
      PacingReport.self, GrowthReport.self, SmarthostReport.self,
    ])
}

extension TroubleReport: Described {
  static let schema = Schema(
    "Trouble",
    [
      "spool_waiting": "integer", "spooled": "integer", "cut_through": "integer", "refused": "integer",
      "set_aside?": "SetAside[]", "counted?": "integer", "disk_full_since?": "time",
    ], parts: [SetAsideReport.self])
}

extension EncryptionReport: Described {
  static let schema = Schema(
    "Encryption",
    [
      "certificates": "Certificate[]", "problems": "string[]", "warnings": "string[]", "leaves_in_clear": "boolean",
    ], parts: [CertificateReport.self])
}

extension CertificateReport: Described {
  static let schema = Schema(
    "Certificate",
    [
      "file": "string", "subject": "string", "expires": "time",
    ])
}
