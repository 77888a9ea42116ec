/// An error of the whole fleet in full.
package struct FleetErrorDetail: Codable, Sendable, Equatable {
  package var entry: FleetErrorEntry
  /// The counts of each store, those of one relay together; the largest first.
  package var counts: [Count]
  /// The words of admins about the error on any relay that still hold, one line each. Silences by patterns and rules are
  /// not among them.
  package var said: [String]

  package init(entry: FleetErrorEntry, counts: [Count], said: [String]) {
    (self.entry, self.counts, self.said) = (entry, counts, said)
  }

  /// The counts of one relay.
  package struct Count: Codable, Sendable, Equatable {
    /// The name of the relay, or the id of its store if it was not seen for a month.
    package var relay: String
    package var total: Int
    package var suppressed: Int

    package init(relay: String, total: Int, suppressed: Int) {
      (self.relay, self.total, self.suppressed) = (relay, total, suppressed)
    }
  }
}

extension FleetErrorDetail: Described {
  static let schema = Schema(
    "FleetErrorDetail", ["entry": "FleetErrorEntry", "counts": "FleetErrorCount[]", "said": "string[]"],
    parts: [Count.self])
}

extension FleetErrorDetail.Count: Described {
  static let schema = Schema(
    "FleetErrorCount", ["relay": "string", "total": "integer", "suppressed": "integer"])
}
