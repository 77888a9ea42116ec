import DedupCore
import DedupStore
import HostSystem
import MailMessage

/// The result of one attempt at a mail: what was offered to the next hops, and what waits for their limits.
struct Departure: Sendable {
  /// The outcomes, one for each recipient; for those that were not offered, the reason.
  var result: DeliveryResult
  /// The message that was sent. It is the one that may be returned to the sender, and not the message before
  /// encryption.
  var sent: Message
  /// The indices of the recipients that were offered.
  var offered: Set<Int>
  /// The departures that count against limits.
  var departures: [Departures] = []
  /// The time when the first of the other recipients may go, and what keeps it back; nil if all were offered.
  var wait: (until: Timestamp, reason: String)?

  /// Adjusts the settlement: only offered recipients count as an attempt, and mail that waits for a limit keeps its
  /// attempts.
  func adjust(_ settlement: inout Settlement, of entry: QueueEntry) {
    settlement.departures = departures
    guard let wait, !settlement.remaining.isEmpty else { return }
    settlement.pacedBy = wait.reason
    let wasDeferred = offered.contains { place in
      if case .deferred = result.outcomes[place] { true } else { false }
    }
    if wasDeferred {
      settlement.nextAttempt = min(settlement.nextAttempt, wait.until)
    } else {
      (settlement.attempts, settlement.lastFailure) = (entry.attempts, entry.lastFailure)
      settlement.nextAttempt = wait.until
    }
  }
}

/// The step that offers mails to the next hops as far as the limits allow.
struct Departing: Sendable {
  let pacing: Live<DeliveryPacing>
  /// A callback that runs before a mail is offered under limits, with everything that it may count for.
  private let willOffer: @Sendable (QueueID, [Departures]) -> Void

  init(willOffer: @escaping @Sendable (QueueID, [Departures]) -> Void = { _, _ in }) {
    pacing = Live(DeliveryPacing(now: WallClock.now()))
    self.willOffer = willOffer
  }

  /// Offers the part of `entry` that may go now, with `message` sent as it is.
  func depart(_ message: Message, of entry: QueueEntry, over destinations: Destinations) async -> Departure {
    var results: [(part: Destinations.Part, result: DeliveryResult)] = []
    var offers: [Departures] = []
    var departure = Departure(
      result: DeliveryResult([], nextHop: destinations.transport.nextHop), sent: message, offered: [])
    for part in destinations.parts(of: entry) {
      let request = DeliveryPacing.Request(entry, part)
      switch ask(request) {
      case .wait(let until, let reason):
        departure.mustWait(until, reason)
        results.append((part, .waiting(reason, part.recipients.count, part.route)))
      case .go(let count):
        var offered = part
        offered.recipients = Array(part.recipients.prefix(count))
        let envelope = part.envelope(of: entry.envelope, entry.kind, offered.recipients)
        if !destinations.routes.isEmpty { await lookAgain(part.route) }
        if !request.limits.isEmpty {
          offers += request.departures(of: count, now: WallClock.now())
          willOffer(entry.id, offers)
        }
        let result = await part.route.transport.deliver(envelope, message: message, id: entry.id)
        results.append((offered, result))
        departure.offered.formUnion(offered.recipients)
        if let counted = finished(request, result) { departure.departures.append(counted) }
        wait(for: part, behind: count, &departure, &results)
      }
    }
    departure.result = DeliveryResult(
      joining: results, of: entry.recipients.count, nextHop: destinations.transport.nextHop)
    return departure
  }

  /// Makes the remaining recipients wait for their turn: there are more than any limit ever lets go at once.
  private func wait(
    for part: Destinations.Part, behind count: Int, _ departure: inout Departure,
    _ results: inout [(part: Destinations.Part, result: DeliveryResult)]
  ) {
    guard count < part.recipients.count else { return }
    var rest = part
    rest.recipients = Array(part.recipients.dropFirst(count))
    let limits = part.route.limits
    let reason = limits.rate.map { "\($0)" } ?? limits.daily.map { "\($0) a day" } ?? ""
    departure.mustWait(WallClock.now().advanced(by: limits.rate?.period.length ?? .seconds(60)), reason)
    results.append((rest, .waiting(reason, rest.recipients.count, part.route)))
  }

  /// Checks a closed route again. One of several may be closed while mail uses the others, and nothing else checks it
  /// then.
  private func lookAgain(_ route: Route) async {
    guard case .closed(let pause, let asks) = route.transport.admission.state, asks, pause <= .zero else { return }
    await route.transport.lookAgain()
  }

  private func ask(_ request: DeliveryPacing.Request) -> DeliveryPacing.Answer {
    if request.limits.isEmpty { return .go(request.recipients) }
    var answer = DeliveryPacing.Answer.go(request.recipients)
    pacing.change { answer = $0.ask(request, now: WallClock.now()) }
    return answer
  }

  private func finished(_ request: DeliveryPacing.Request, _ result: DeliveryResult) -> Departures? {
    if request.limits.isEmpty { return nil }
    // If the answer was lost, the next hop may have the mail: in doubt it counts.
    let count = result.outcomes.count { if case .deferred = $0 { result.lostAnswer } else { true } }
    var counted: Departures?
    pacing.change {
      counted = $0.finished(request, at: result.nextHop, recipients: count, now: WallClock.now())
    }
    return counted
  }
}

extension DeliveryPacing.Request {
  /// Creates the request for the part of a mail that goes over one route.
  init(_ entry: QueueEntry, _ part: Destinations.Part) {
    self.init(
      id: entry.id, recipients: part.recipients.count, priority: DeliveryPriority(entry.kind),
      limits: part.route.limits, nextHops: part.route.nextHops)
  }

  /// Returns what the mail counts for as long as it is unknown which next hop gets it: it counts for each.
  fileprivate func departures(of recipients: Int, now: Timestamp) -> [Departures] {
    let isOrdinary = !priority.isFromTheRest
    return nextHops.map {
      Departures(
        nextHop: $0, minute: now.minute, ordinary: isOrdinary ? recipients : 0, other: isOrdinary ? 0 : recipients)
    }
  }
}

extension Departure {
  fileprivate mutating func mustWait(_ until: Timestamp, _ reason: String) {
    if let wait, wait.until <= until { return }
    wait = (until, reason)
  }
}

extension DeliveryResult {
  fileprivate static func waiting(_ reason: String, _ count: Int, _ route: Route) -> DeliveryResult {
    let outcome = DeliveryOutcome.deferred(reason: "it waits for its turn: \(reason)")
    return DeliveryResult(Array(repeating: outcome, count: count), nextHop: route.transport.nextHop)
  }
}
