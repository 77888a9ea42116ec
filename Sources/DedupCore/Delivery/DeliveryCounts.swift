/// The numbers of outcomes for recipients by next hop, since the start.
package struct DeliveryCounts: Hashable, Sendable {
  package struct Key: Hashable, Sendable {
    package var nextHop: String
    /// The outcome: `delivered`, `deferred` or `failed`.
    package var outcome: String
  }

  package private(set) var counts: [Key: Int] = [:]

  package init() {}

  package mutating func add(_ settlement: Settlement) {
    guard settlement.wasOffered || !settlement.failed.isEmpty else { return }
    let outcomes = [
      ("delivered", settlement.delivered.count), ("deferred", settlement.remaining.count),
      ("failed", settlement.failed.count),
    ]
    for (outcome, count) in outcomes where count > 0 {
      counts[Key(nextHop: settlement.nextHop, outcome: outcome), default: 0] += count
    }
  }
}
