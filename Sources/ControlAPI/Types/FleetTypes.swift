package import Foundation

// The fleet of a relay, in the JSON of the control API; see `ControlJSON` for its rules.

/// A question about the fleet.
package struct FleetRequest: Sendable, Equatable {
  /// The maximum number of errors to list; 0 lists none.
  package let limit: Int
  /// The beginning of the id of an error to show in full; nil shows none.
  package let error: String?

  /// - Parameter limit: The maximum number of errors; less than 0 counts as 0, more than 1,000 as 1,000.
  package init(limit: Int = 0, error: String? = nil) { (self.limit, self.error) = (min(1000, max(0, limit)), error) }
}

/// The fleet as the asked relay sees it.
package struct FleetReport: Codable, Sendable, Equatable {
  /// The address of the engine. Absent if the relay is in no fleet.
  package var engine: String?
  /// The version that the engine states. Absent while there is no connection.
  package var version: String?
  /// The reason why the engine is not asked at the moment. Absent if it is.
  package var problem: String?
  /// The faults of the engine's settings, one line each.
  package var warnings: [String]
  /// The counts of rulings since the start of the asked relay.
  package var rulings: Rulings
  /// The relays that the engine saw within 30 days, the latest first. Empty while there is no connection.
  package var relays: [Relay]
  /// The errors that came last. Absent if none were asked for.
  package var errors: [FleetErrorEntry]?
  /// The sites that differ by numbers only. Absent if there are none.
  package var sites: [LikeSites]?
  /// The errors whose id begins as asked, one for each site. Absent if none was asked for.
  package var details: [FleetErrorDetail]?

  package init(engine: String?, rulings: Rulings) {
    (self.engine, self.rulings, warnings, relays) = (engine, rulings, [], [])
  }

  /// The number of rulings on mails that would go out, by what was ruled.
  package struct Rulings: Codable, Sendable, Equatable {
    /// Mails sent for the whole fleet.
    package var won: Int
    /// Waits for another relay that was about to send.
    package var waited: Int
    /// Mails that another relay's mail stands for.
    package var covered: Int
    /// Mails sent without the fleet, because the engine did not answer.
    package var away: Int
    /// Mails sent without the fleet, because its word was too old.
    package var stale: Int
    /// Mails whose claim was another's when they had been sent.
    package var late: Int

    package init(won: Int, waited: Int, covered: Int, away: Int, stale: Int, late: Int) {
      (self.won, self.waited, self.covered) = (won, waited, covered)
      (self.away, self.stale, self.late) = (away, stale, late)
    }
  }

  /// Sites that may be one on several machines.
  package struct LikeSites: Codable, Sendable, Equatable {
    /// The prefixes and senders that differ.
    package var seen: [String]
    /// The lines of the configuration that make one site of them.
    package var lines: [String]

    package init(seen: [String], lines: [String]) { (self.seen, self.lines) = (seen, lines) }
  }

  /// A relay of the fleet.
  package struct Relay: Codable, Sendable, Equatable {
    package var name: String
    package var version: String
    /// The seconds since the engine heard of it.
    package var seenSeconds: Int
    /// The mails that it sent without the fleet since its start.
    package var alone: Int
    /// True for the relay that was asked.
    package var isAsked: Bool

    package init(name: String, version: String, seenSeconds: Int, alone: Int, isAsked: Bool) {
      (self.name, self.version, self.seenSeconds) = (name, version, seenSeconds)
      (self.alone, self.isAsked) = (alone, isAsked)
    }
  }
}

/// An error as the whole fleet counts it.
package struct FleetErrorEntry: Codable, Sendable, Equatable {
  package var id: String
  package var fingerprint: String
  package var site: String
  /// The title of the error. Absent where mail about errors is encrypted.
  package var error: String?
  package var place: String?
  package var total: Int
  package var suppressed: Int
  /// The number of stores that counted it.
  package var relays: Int
  package var lastSeen: Date

  package init(id: String, fingerprint: String, site: String, total: Int, suppressed: Int, relays: Int, lastSeen: Date)
  {
    (self.id, self.fingerprint, self.site, self.total) = (id, fingerprint, site, total)
    (self.suppressed, self.relays, self.lastSeen) = (suppressed, relays, lastSeen)
  }
}

extension FleetReport: Described {
  static let schema = Schema(
    "FleetReport",
    [
      "engine?": "string", "version?": "string", "problem?": "string", "warnings": "string[]",
      "rulings": "FleetRulings",
      "relays": "FleetRelay[]", "errors?": "FleetErrorEntry[]",
      "sites?": "FleetLikeSites[]", "details?": "FleetErrorDetail[]",
    ], parts: [Rulings.self, Relay.self, FleetErrorEntry.self, LikeSites.self, FleetErrorDetail.self])
}

extension FleetReport.Rulings: Described {
  static let schema = Schema(
    "FleetRulings",
    [
      "won": "integer", "waited": "integer", "covered": "integer", "away": "integer", "stale": "integer",
      "late": "integer",
    ])
}

extension FleetReport.LikeSites: Described {
  static let schema = Schema("FleetLikeSites", ["seen": "string[]", "lines": "string[]"])
}

extension FleetReport.Relay: Described {
  static let schema = Schema(
    "FleetRelay",
    [
      "name": "string", "version": "string", "seen_seconds": "integer", "alone": "integer", "is_asked": "boolean",
    ])
}

extension FleetErrorEntry: Described {
  static let schema = Schema(
    "FleetErrorEntry",
    [
      "id": "string", "fingerprint": "string", "site": "string", "error?": "string", "place?": "string",
      "total": "integer", "suppressed": "integer", "relays": "integer", "last_seen": "time",
    ])
}
