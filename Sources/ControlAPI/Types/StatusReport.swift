package import Foundation

/// The state of the relay.
package struct StatusReport: Codable, Sendable, Equatable {
  package var version: String
  /// The state of the running daemon. Absent if the daemon is down and the store was read directly.
  package var daemon: DaemonStatus?
  package var totals: TotalsReport
  package var queue: QueueReport
}

/// The part of the state that only the running daemon knows.
package struct DaemonStatus: Codable, Sendable, Equatable {
  package var pid: Int
  package var startedAt: Date
  package var uptimeSeconds: Int
  package var listening: [String]
  package var nextHop: String
  package var connections: Int
  package var trouble: TroubleReport
  /// The result of the last reload. Absent before the first.
  package var lastReload: ReloadReport?
  /// The encryption of error mail. Absent if nothing is to be encrypted.
  package var encryption: EncryptionReport?
  /// The next hops that permanently reject mail about errors. Absent if there are none.
  package var rejecting: [RejectingReport]?
  /// The routes of the configuration. Absent if there are none.
  package var routes: [RouteReport]?
  /// The next hops with limits that got mail. Absent if there are none.
  package var pacing: [PacingReport]?
  /// The growth of the queue. Absent if the queue does not grow.
  package var growth: GrowthReport?
  /// The smarthosts, in the order of preference. Absent if there are none, and in answers of earlier versions.
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

/// The certificates that error mail is encrypted to, and their problems.
package struct EncryptionReport: Codable, Sendable, Equatable {
  package var certificates: [CertificateReport]
  /// The reasons why certificates cannot be used, one line each.
  package var problems: [String]
  /// The problems that are about to arise, one line each.
  package var warnings: [String]
  /// True if error mail leaves in clear because of the problems.
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

/// The mails that the database could not take, by outcome. The counts are since the start of the daemon.
package struct TroubleReport: Codable, Sendable, Equatable {
  /// The number of mails in the emergency spool now.
  package var spoolWaiting: Int
  /// The number of mails that were kept in the emergency spool.
  package var spooled: Int
  /// The number of mails handed straight to the next hop.
  package var cutThrough: Int
  /// The number of mails refused for now.
  package var refused: Int
  /// The databases that were set aside and not removed since. Absent if there are none.
  package var setAside: [SetAsideReport]?
  /// The number of error mails counted in the reserve while the disk was full. Absent if there were none.
  package var counted: Int?
  /// The time since which the disk has no room for new mail. Absent if it has room.
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

/// A database that is no longer used because it was damaged, or stood in the place of ours.
package struct SetAsideReport: Codable, Sendable, Equatable {
  package var path: String
  package var at: Date

  package init(path: String, at: Date) {
    self.path = path
    self.at = at
  }
}

/// The numbers of mails acknowledged so far, by outcome. `accepted` is the sum of the others.
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
  /// The number of waiting mails that the admin holds.
  package var held: Int
  /// The number of mails that may be error reports and were held back because too many alike came. They are not counted
  /// in `waiting`. Absent in answers of earlier versions.
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
