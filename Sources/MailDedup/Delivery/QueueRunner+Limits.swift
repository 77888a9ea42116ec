import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage

// Limits of the next hops.
extension QueueRunner {
  /// The state of each smarthost that has limits, even before the first mail.
  var pacingStandings: [DeliveryPacing.Usage] {
    adoptLimits()
    var standings: [DeliveryPacing.Usage] = []
    pacing.change { standings = $0.standings(now: WallClock.now()) }
    return standings
  }

  /// Takes the limits of the configuration over: after a reload no mail may ask for hours, or none at all.
  func adoptLimits() {
    let destinations = destinations.value
    var limits: [String: DeliveryLimits] = [:]
    for route in destinations.allRoutes {
      for name in route.nextHops where limits[name]?.isEmpty ?? true { limits[name] = route.limits }
    }
    pacing.change { $0.adopt(limits, others: destinations.main.limits) }
  }

  /// Returns what is known of earlier processes: what left, and which mail waits for the limits.
  func recalledPacing(_ departures: [Departures], _ waiting: [QueueEntry], now: Timestamp) -> DeliveryPacing {
    var pacing = DeliveryPacing(departures, now: now)
    let destinations = destinations.value
    for entry in waiting {
      for part in destinations.parts(of: entry) {
        pacing.recall(
          DeliveryPacing.Request(entry, part), until: entry.nextAttempt, since: entry.queuedAt, now: now)
      }
    }
    return pacing
  }

  /// Postpones a mail of which nothing was offered until the limits allow it.
  func postpone(_ entry: QueueEntry, _ time: Timestamp, _ reason: String) async {
    if entry.pacedBy == nil {
      logger.event(.info, .paced, [.id: "\(entry.id)", .until: "\(time.civil().rfc5322)", .reason: "\(reason)"])
    }
    do { try await store.postpone(entry.id, until: time, reason: reason) } catch {
      logger.event(.error, .queueUnreadable, [.id: "\(entry.id)", .error: "\(error)"])
      try? await Task.sleep(for: Self.storePause)
    }
  }
}
