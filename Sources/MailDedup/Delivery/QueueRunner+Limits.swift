import DedupCore
import DedupStore
import HostSystem
import Logging
import MailMessage

// Limits of the next hops.
extension QueueRunner {
  /// The state of each smarthost that has limits, even before the first mail.
  var pacingStandings: [DeliveryPacing.Usage] {
    var standings: [DeliveryPacing.Usage] = []
    let routes = destinations.value.allRoutes
    pacing.change { pacing in
      for route in routes { for name in route.nextHops { pacing.expect(route.limits, at: name) } }
      standings = pacing.standings(now: WallClock.now())
    }
    return standings
  }

  /// Postpones a mail of which nothing was offered until the limits allow it.
  func postpone(_ entry: QueueEntry, _ time: Timestamp, _ reason: String) async {
    if entry.pacedBy == nil {
      logger.info("paced", metadata: ["id": "\(entry.id)", "until": "\(time.civil().rfc5322)", "reason": "\(reason)"])
    }
    do { try await store.postpone(entry.id, until: time, reason: reason) } catch {
      logger.error("queue-unreadable", metadata: ["id": "\(entry.id)", "error": "\(error)"])
      try? await Task.sleep(for: Self.storePause)
    }
  }
}
