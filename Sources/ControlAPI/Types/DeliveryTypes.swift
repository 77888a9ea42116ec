package import DedupCore
package import Foundation

// The next hops in the JSON of the control API; see `ControlJSON` for its rules.

/// A next hop that has rejected all mail about errors since a point in time.
package struct RejectingReport: Codable, Sendable, Equatable {
  package var nextHop: String
  package var since: Date
  package var latest: Date
  package var mails: Int
  /// The latest reason that the next hop gave.
  package var reason: String
  /// The time at which it last took such a mail. Absent if it took none since the start.
  package var tookUntil: Date?

  package init(nextHop: String, _ standing: RejectionWatch.Run) {
    self.nextHop = nextHop
    since = Date(standing.since)
    latest = Date(standing.latest)
    mails = standing.mails
    reason = DisplayText.oneLine(standing.reason)
    tookUntil = standing.tookUntil.map { Date($0) }
  }
}

/// A route of the configuration.
package struct RouteReport: Codable, Sendable, Equatable {
  package var name: String
  package var nextHop: String
  /// The address that replaces envelope senders. Absent if they stay as they are.
  package var sender: String?

  package init(name: String, nextHop: String, sender: String?) {
    self.name = name
    self.nextHop = nextHop
    self.sender = sender
  }
}

/// The use of the limits of a next hop. They count recipients, not mails.
package struct PacingReport: Codable, Sendable, Equatable {
  package var nextHop: String
  /// The limit within a period, such as `50/min`. Absent if there is none.
  package var rate: String?
  /// The limit within 24 hours. Absent if there is none.
  package var daily: Int?
  /// The recipients within the period of the rate, and within the last 24 hours.
  package var ofPeriod: Int
  package var ofDay: Int
  /// The mails that wait for their turn, and the time at which the last of them leaves. That time is absent if none
  /// waits.
  package var waiting: Int
  package var lastLeaves: Date?
  /// True if errors are reported in digests because little room is left.
  package var inDigests: Bool

  package init(_ standing: DeliveryPacing.Usage, inDigests: Bool) {
    nextHop = standing.nextHop
    rate = standing.limits.rate?.description
    daily = standing.limits.daily
    ofPeriod = standing.ofPeriod
    ofDay = standing.ofDay
    waiting = standing.waiting
    lastLeaves = standing.lastLeaves.map { Date($0) }
    self.inDigests = inDigests
  }
}

/// A growing queue: the time since which it grows, and the number of waiting mails.
package struct GrowthReport: Codable, Sendable, Equatable {
  package var since: Date
  package var waiting: Int

  package init(_ standing: QueueGrowth.Status) {
    since = Date(standing.since)
    waiting = standing.waiting
  }
}

extension RouteReport: Described {
  static let schema = Schema(
    "Route",
    [
      "name": "string", "next_hop": "string", "sender?": "string",
    ])
}

extension PacingReport: Described {
  static let schema = Schema(
    "Pacing",
    [
      "next_hop": "string", "rate?": "string", "daily?": "integer", "of_period": "integer", "of_day": "integer",
      "waiting": "integer", "last_leaves?": "time", "in_digests": "boolean",
    ])
}

extension GrowthReport: Described {
  static let schema = Schema(
    "Growth",
    [
      "since": "time", "waiting": "integer",
    ])
}

extension RejectingReport: Described {
  static let schema = Schema(
    "Rejecting",
    [
      "next_hop": "string", "since": "time", "latest": "time", "mails": "integer", "reason": "string",
      "took_until?": "time",
    ])
}
