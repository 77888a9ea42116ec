import DedupConfig
import DedupCore
import DedupStore
import Logging
import MailMessage
import NIOCore

/// An outgoing route: one of the configuration, or that of `[delivery]`.
struct Route: Sendable {
  /// The name of the route; nil means `[delivery]`.
  var name: String?
  /// The selector of mail; nil takes everything that no route took.
  var selector: RouteSelector?
  var transport: any Transport
  /// The smarthosts that mail may go to, by the names that limits are counted under; empty if there are none.
  var nextHops: [String] = []
  var limits = DeliveryLimits()
  var rewrite: SenderRewrite?

  init(_ transport: any Transport) { self.transport = transport }

  init(_ delivery: Configuration.Delivery, _ transport: any Transport) {
    self.transport = transport
    nextHops = delivery.discards ? [] : delivery.smarthosts.map(\.description)
    limits = delivery.limits
    rewrite = delivery.rewrite
  }
}

extension Destinations {
  /// A mail, or the part of a mail that goes over one route.
  struct Part {
    var route: Route
    /// Indices into the entry's list of recipients, ascending.
    var recipients: [Int]
  }

  /// Returns the parts of a mail by route. Each recipient goes over the first route that matches, otherwise over
  /// `main`. A mail that an admin reroutes goes there.
  func parts(of entry: QueueEntry) -> [Part] {
    if let smarthost = entry.reroutedTo, let transport = sideways.transport(to: smarthost) {
      var route = main
      (route.transport, route.nextHops) = (transport, [smarthost.description])
      return [Part(route: route, recipients: Array(entry.recipients.indices))]
    }
    return parts(entry.envelope, entry.kind)
  }

  /// Returns the name of the route of a mail, the first one of several, or nil if there is only `main`.
  func name(of entry: QueueEntry) -> String? {
    routes.isEmpty ? nil : parts(entry.envelope, entry.kind).first?.route.name ?? ""
  }

  private func parts(_ envelope: Envelope, _ kind: QueueEntry.Kind) -> [Part] {
    guard !routes.isEmpty else { return [Part(route: main, recipients: Array(envelope.recipients.indices))] }
    var places: [Int: [Int]] = [:]
    for (place, recipient) in envelope.recipients.enumerated() {
      let index = routes.firstIndex {
        $0.selector?.matches(sender: envelope.sender, recipient: recipient, kind: kind) == true
      }
      places[index ?? routes.count, default: []].append(place)
    }
    return places.sorted { $0.key < $1.key }.map { index, recipients in
      Part(route: index < routes.count ? routes[index] : main, recipients: recipients)
    }
  }

  /// Delivers now, whatever the limits are: there is no place where the mail could wait.
  func deliver(
    _ envelope: Envelope, _ kind: QueueEntry.Kind, message: Message, id: QueueID
  ) async -> DeliveryResult {
    var results: [(part: Part, result: DeliveryResult)] = []
    for part in parts(envelope, kind) {
      let outgoing = part.envelope(of: envelope, kind, part.recipients)
      results.append((part, await part.route.transport.deliver(outgoing, message: message, id: id)))
    }
    return DeliveryResult(joining: results, of: envelope.recipients.count, nextHop: transport.nextHop)
  }
}

extension Destinations.Part {
  /// Returns the envelope for the next hop: that of `envelope` with only these recipients, and with the addresses that
  /// the route substitutes.
  func envelope(of envelope: Envelope, _ kind: QueueEntry.Kind, _ places: [Int]) -> Envelope {
    if route.rewrite == nil, places.count == envelope.recipients.count { return envelope }
    var outgoing = Envelope(
      sender: route.rewrite?.outgoing(envelope.sender) ?? envelope.sender, recipients: [], body: envelope.body,
      usesSMTPUTF8: envelope.usesSMTPUTF8, statusRequest: envelope.statusRequest)
    outgoing.statusRequest?.wishes = [:]
    for place in places {
      let recipient = envelope.recipients[place]
      let destination = route.rewrite?.destination(of: recipient, sender: envelope.sender, isOurBounce: kind == .bounce)
      outgoing.add(destination ?? recipient, envelope.wish(for: recipient))
    }
    return outgoing
  }
}

extension DeliveryResult {
  /// Joins the results of a mail that went over several routes. A recipient without a known outcome is deferred.
  ///
  /// Whether it was offered, and what it waits for, is said of the parts with deferred recipients: a part that was
  /// delivered is no attempt at one whose host is down.
  init(joining results: [(part: Destinations.Part, result: DeliveryResult)], of count: Int, nextHop: String) {
    if results.count == 1, results[0].part.recipients.count == count {
      self = results[0].result
      return
    }
    var outcomes = [DeliveryOutcome?](repeating: nil, count: count)
    for (part, result) in results {
      for (place, outcome) in zip(part.recipients, result.outcomes) { outcomes[place] = outcome }
    }
    let names = results.map(\.result.nextHop)
    let unique = names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
    self.init(
      outcomes.map { $0 ?? .deferred(reason: "\(nextHop) reported no outcome") },
      nextHop: unique.isEmpty ? nextHop : unique.joined(separator: ", "))
    if unique.count == 1 { remote = results.first?.result.remote }
    let parts = results.map(\.result)
    let open = parts.filter(\.hasDeferred)
    wasOffered = (open.isEmpty ? parts : open).contains(where: \.wasOffered)
    awaitsNextHop = !open.isEmpty && open.allSatisfy(\.awaitsNextHop)
    isThrottled = parts.contains(where: \.isThrottled)
    isRateLimited = parts.contains(where: \.isRateLimited)
    slowed = parts.compactMap(\.slowed).reduce(nil) { $0?.union($1) ?? $1 }
    lostAnswer = parts.contains(where: \.lostAnswer)
    pause = parts.compactMap(\.pause).min()
    closedFor = open.allSatisfy { $0.closedFor != nil } ? open.compactMap(\.closedFor).min() : nil
  }

  private var hasDeferred: Bool { outcomes.contains { if case .deferred = $0 { true } else { false } } }
}
