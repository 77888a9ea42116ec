import DedupCore
import DedupStore
import HostSystem
import MailMessage

/// What became of one look at a mail: what was offered to the next hops, and what waits for their limits.
struct Departure: Sendable {
  /// One for each recipient; of those that were not offered it says why.
  var result: DeliveryResult
  /// What was sent: that is what may come back to the sender, not what it was before it was encrypted.
  var sent: Message
  /// Places of the recipients that were offered.
  var offered: Set<Int>
  /// What counts against limits.
  var departures: [Departures] = []
  /// When the first of the others may go, and what keeps it; nil: all were offered.
  var wait: (until: Timestamp, reason: String)?

  /// Attempts count what was offered: what waits for a limit keeps its tries.
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

/// Offers mails to the next hops as far as the limits allow.
struct Departing: Sendable {
  let pacing: Current<DeliveryPacing>
  /// Told before a mail is offered where there are limits, with all that it may count for.
  private let willOffer: @Sendable (QueueID, [Departures]) -> Void

  init(willOffer: @escaping @Sendable (QueueID, [Departures]) -> Void = { _, _ in }) {
    pacing = Current(DeliveryPacing(now: WallClock.now()))
    self.willOffer = willOffer
  }

  /// Offers what may go now of `entry` in `message`, which is sent as it is.
  func depart(_ message: Message, of entry: QueueEntry, over route: Route) async -> Departure {
    var results: [(part: Route.Part, result: DeliveryResult)] = []
    var offers: [Departures] = []
    var departure = Departure(
      result: DeliveryResult([], nextHop: route.transport.nextHop), sent: message, offered: [])
    for part in route.parts(of: entry) {
      let request = DeliveryPacing.Request(
        id: entry.id, recipients: part.recipients.count, priority: DeliveryPriority(entry.kind),
        limits: part.way.limits, nextHops: part.way.nextHops)
      switch ask(request) {
      case .wait(let until, let reason):
        departure.mustWait(until, reason)
        results.append((part, .waiting(reason, part.recipients.count, part.way)))
      case .go(let count):
        var offered = part
        offered.recipients = Array(part.recipients.prefix(count))
        let envelope = part.envelope(of: entry.envelope, entry.kind, offered.recipients)
        if !route.ways.isEmpty { await lookAgain(part.way) }
        if !request.limits.isEmpty {
          offers += request.departures(of: count, now: WallClock.now())
          willOffer(entry.id, offers)
        }
        let result = await part.way.transport.deliver(envelope, message: message, id: entry.id)
        results.append((offered, result))
        departure.offered.formUnion(offered.recipients)
        if let counted = finished(request, result) { departure.departures.append(counted) }
        wait(for: part, behind: count, &departure, &results)
      }
    }
    departure.result = DeliveryResult(
      joining: results, of: entry.recipients.count, nextHop: route.transport.nextHop)
    return departure
  }

  /// More recipients than any limit ever lets go at once: the others come in their turn.
  private func wait(
    for part: Route.Part, behind count: Int, _ departure: inout Departure,
    _ results: inout [(part: Route.Part, result: DeliveryResult)]
  ) {
    guard count < part.recipients.count else { return }
    var rest = part
    rest.recipients = Array(part.recipients.dropFirst(count))
    let limits = part.way.limits
    let reason = limits.rate.map { "\($0)" } ?? limits.daily.map { "\($0) a day" } ?? ""
    departure.mustWait(WallClock.now().advanced(by: limits.rate?.period.length ?? .seconds(60)), reason)
    results.append((rest, .waiting(reason, rest.recipients.count, part.way)))
  }

  /// One way of several may be closed while mail goes by the others, and nobody else looks then.
  private func lookAgain(_ way: Way) async {
    guard case .closed(let pause, let asks) = way.transport.admission.state, asks, pause <= .zero else { return }
    await way.transport.lookAgain()
  }

  private func ask(_ request: DeliveryPacing.Request) -> DeliveryPacing.Answer {
    if request.limits.isEmpty { return .go(request.recipients) }
    var answer = DeliveryPacing.Answer.go(request.recipients)
    pacing.change { answer = $0.ask(request, now: WallClock.now()) }
    return answer
  }

  private func finished(_ request: DeliveryPacing.Request, _ result: DeliveryResult) -> Departures? {
    if request.limits.isEmpty { return nil }
    // Whoever lost the answer may have the mail: in doubt it counts.
    let count = result.outcomes.count { if case .deferred = $0 { result.lostAnswer } else { true } }
    var counted: Departures?
    pacing.change {
      counted = $0.finished(request, at: result.nextHop, recipients: count, now: WallClock.now())
    }
    return counted
  }
}

extension DeliveryPacing.Request {
  /// What it counts for when nobody knows who of the next hops got it: for each.
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
  fileprivate static func waiting(_ reason: String, _ count: Int, _ way: Way) -> DeliveryResult {
    let outcome = DeliveryOutcome.deferred(reason: "it waits for its turn: \(reason)")
    return DeliveryResult(Array(repeating: outcome, count: count), nextHop: way.transport.nextHop)
  }
}
