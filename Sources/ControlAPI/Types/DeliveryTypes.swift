package import DedupCore
package import Foundation

// The next hops in the JSON of the control API; see ControlTypes.swift for its rules.

/// A next hop that rejects mail about errors, all since a time.
package struct RejectingReport: Codable, Sendable, Equatable {
  package var nextHop: String
  package var since: Date
  package var latest: Date
  package var mails: Int
  /// What it said last.
  package var reason: String
  /// When it last took such a mail; absent: not since the start.
  package var tookUntil: Date?

  package init(nextHop: String, _ standing: RejectionWatch.Standing) {
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
  /// What takes the place of envelope senders; absent: they stay.
  package var sender: String?

  package init(name: String, nextHop: String, sender: String?) {
    self.name = name
    self.nextHop = nextHop
    self.sender = sender
  }
}

/// How it stands with the limits of a next hop.
package struct PacingReport: Codable, Sendable, Equatable {
  package var nextHop: String
  /// `50/min`; absent: no limit.
  package var rate: String?
  /// Absent: no limit.
  package var daily: Int?
  /// Recipients within the period of the rate, and within 24 hours.
  package var ofPeriod: Int
  package var ofDay: Int
  /// Mails that wait for their turn, and when the last of them leaves; absent when none waits.
  package var waiting: Int
  package var lastLeaves: Date?
  /// Whether errors are told of in digests, since little room is left.
  package var inDigests: Bool

  package init(_ standing: DeliveryPacing.Standing, inDigests: Bool) {
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

/// A queue that grows.
package struct GrowthReport: Codable, Sendable, Equatable {
  package var since: Date
  package var waiting: Int

  package init(_ standing: QueueGrowth.Standing) {
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
