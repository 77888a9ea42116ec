import DedupCore
import Fleet

// The metrics of a relay that is in a fleet; none without one.
extension Metrics {
  func addFleet(_ exposition: inout Exposition) {
    guard relay.fleet.isOn else { return }
    let member = relay.fleet.member
    exposition.add(
      "maildedup_fleet_engine_up", .gauge, "Whether the engine of the fleet is connected.",
      member?.client.standing.facts == nil ? 0 : 1)
    guard let counts = member?.counts else { return }
    let alone = counts.alone.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, $0.value) }
    let rulings = [("won", counts.won), ("waited", counts.waited), ("covered", counts.covered)] + alone
    exposition.add(
      "maildedup_fleet_claims_total", .counter,
      "What was ruled on mails that would go out since the start; fleet-away and fleet-stale left on their own account.",
      rulings.map { .init(Double($0.1), [.init("ruling", $0.0)]) })
    exposition.add(
      "maildedup_fleet_late_total", .counter,
      "Mails whose claim was another relay's when a next hop had taken them.", counts.late)
    exposition.add(
      "maildedup_fleet_pushed_total", .counter, "Errors whose counts were pushed to the engine.", counts.pushed)
  }
}
