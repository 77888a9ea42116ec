/// Decides which mail may go when, so that no smarthost gets more than its limits: ordinary mail first, error mail and
/// the relay's own mail from what is left.
///
/// It never lets more through than `rate` within any period and `daily` within any 24 hours, attempts under way
/// included. Ordinary mail goes in the order in which it asked. While it alone is within the rate and within nine
/// tenths of `daily`, no ordinary mail waits for longer than one period of the rate, whatever error mail there is:
/// error mail goes only while no ordinary mail waits, and takes a tenth of `daily` at most. So that a mailing does not
/// silence errors, one of the other mails goes ahead of it every five minutes while ordinary mail waits for longer than
/// that period.
///
/// The caller passes the times in; a clock that is set back neither stalls nor floods. Waiting mail asks again when its
/// time comes. Use of a limit by other relays is not known: give each relay its own.
package struct DeliveryPacing: Sendable {
  /// A mail, or a part of one, that is to go.
  package struct Request: Hashable, Sendable {
    package var id: QueueID
    package var recipients: Int
    package var priority: DeliveryPriority
    /// The limits of its route.
    package var limits: DeliveryLimits
    /// The smarthosts of which any may get it; each has to have room.
    package var nextHops: [String]

    package init(
      id: QueueID, recipients: Int, priority: DeliveryPriority, limits: DeliveryLimits, nextHops: [String]
    ) {
      self.id = id
      self.recipients = recipients
      self.priority = priority
      self.limits = limits
      self.nextHops = nextHops
    }
  }

  package enum Answer: Hashable, Sendable {
    /// This many of its recipients may go now; `finished` has to be called afterwards.
    case go(Int)
    /// The mail may go at that time; the reason is for display.
    case wait(until: Timestamp, reason: String)
  }

  /// The state of one smarthost.
  package struct Usage: Hashable, Sendable {
    package var nextHop: String
    package var limits: DeliveryLimits
    /// The recipients within the period of the rate; `ofDay` counts those within the day.
    package var ofPeriod: Int
    package var ofDay: Int
    /// The number of mails that wait for their time; `lastLeaves` is the time at which the last of them may go.
    package var waiting: Int
    package var lastLeaves: Timestamp?
  }

  /// The time for which other mail waits behind ordinary mail before one goes ahead.
  static let othersPatience = Duration.seconds(300)
  /// The time after which a mail that did not ask again is gone: deleted, held, or rerouted.
  private static let grace = Duration.seconds(120)
  /// The number of smarthosts that are remembered; an admin may reroute mail to any number.
  private static let mostHops = 100

  private var hops: [String: Hop] = [:]
  private var latest: Timestamp?

  /// - Parameter recorded: what earlier processes recorded for the last 24 hours.
  package init(_ recorded: [Departures] = [], now: Timestamp) {
    for (hop, minutes) in Dictionary(grouping: recorded, by: \.nextHop) {
      hops[hop] = Hop(log: DepartureLog(minutes, now: now))
    }
  }

  /// Answers whether and when a mail may go. If the answer is to wait, ask again at that time.
  package mutating func ask(_ request: Request, now: Timestamp) -> Answer {
    guard !request.limits.isEmpty, !request.nextHops.isEmpty else {
      for name in request.nextHops { lift(request.id, at: name) }
      return .go(request.recipients)
    }
    forgetFuture(now: now)
    let recipients = min(request.recipients, request.limits.mostAtOnce)
    for name in request.nextHops { prepare(name, request, now: now) }
    let times = request.nextHops.map { name in time(for: recipients, request, at: name, now: now) }
    guard let latest = times.max(by: { $0.time < $1.time }) else { return .go(recipients) }
    for name in request.nextHops { hops[name]?.remove(request.id) }
    if latest.time <= now {
      for name in request.nextHops { begin(request, recipients, at: name, now: now) }
      return .go(recipients)
    }
    let asked = times.compactMap(\.asked).min() ?? now
    let slot = Slot(
      id: request.id, time: latest.time, recipients: recipients, priority: request.priority, asked: asked)
    for name in request.nextHops { hops[name]?.insert(slot) }
    return .wait(until: latest.time, reason: latest.reason)
  }

  /// Records the outcome of a mail that went.
  ///
  /// - Parameters:
  ///   - nextHop: the next hop that accepted or rejected it.
  ///   - recipients: the number of recipients that it accepted or rejected; the others do not count.
  /// - Returns: the departures to store with the outcome; nil: none.
  package mutating func finished(
    _ request: Request, at nextHop: String, recipients: Int, now: Timestamp
  ) -> Departures? {
    for name in request.nextHops { hops[name]?.underway[request.id] = nil }
    guard recipients > 0, !request.limits.isEmpty else { return nil }
    let isOrdinary = !request.priority.isFromTheRest
    if hops[nextHop] == nil { hops[nextHop] = Hop() }
    hops[nextHop]?.log.add(recipients, isOrdinary: isOrdinary, nextHop: nextHop, at: now)
    return Departures(
      nextHop: nextHop, minute: now.minute, ordinary: isOrdinary ? recipients : 0, other: isOrdinary ? 0 : recipients)
  }
}

// Finding the time.
extension DeliveryPacing {
  /// The time at which there is room, the reason why not before, and the time since which the mail waits.
  private struct Found {
    var time: Timestamp
    var reason: String
    var asked: Timestamp?

    mutating func take(_ later: Timestamp?, _ why: String) {
      guard let later, later >= time else { return }
      (time, reason) = (later, why)
    }
  }

  private func time(for recipients: Int, _ request: Request, at name: String, now: Timestamp) -> Found {
    guard let hop = hops[name] else { return Found(time: now, reason: "", asked: nil) }
    let ahead = hop.ahead(of: request, now: now)
    var found = Found(
      time: max(now, ahead.start),
      reason: request.priority.isFromTheRest ? "ordinary mail goes first" : "what came before it goes first",
      asked: ahead.asked)
    if let rate = request.limits.rate {
      var search = RoomSearch(for: recipients, limit: rate.recipients, period: rate.period.length)
      search.goBack(over: ahead, hop, now: now) { _ in true }
      for departure in hop.log.recent.reversed() {
        if search.isDone { break }
        search.goBack(to: departure.at, recipients: departure.recipients)
      }
      found.take(search.time, "\(rate) to \(name)")
    }
    guard let daily = request.limits.daily else { return found }
    let day = hop.dayTime(for: recipients, ahead, limit: daily, now: now, { _ in true }, \.total)
    found.take(day, "\(daily) a day to \(name)")
    if request.priority.isFromTheRest, let share = request.limits.dailyShare(of: request.priority) {
      let time = hop.dayTime(
        for: min(recipients, share), ahead, limit: share, now: now, \.isFromTheRest, \.other)
      found.take(time, "the part of \(daily) a day that error mail may take to \(name)")
    }
    return found
  }

  private mutating func prepare(_ name: String, _ request: Request, now: Timestamp) {
    if hops[name] == nil {
      if hops.count >= Self.mostHops { hops = hops.filter { !$0.value.underway.isEmpty } }
      hops[name] = Hop()
    }
    hops[name]?.limits = request.limits
    hops[name]?.log.forget(before: now)
    hops[name]?.dropGone(before: now.advanced(by: .zero - Self.grace))
  }

  /// Records that a smarthost has no limits any more.
  private mutating func lift(_ id: QueueID, at name: String) {
    hops[name]?.remove(id)
    hops[name]?.lift()
  }

  /// Makes all mail ask anew after the clock was set back, so that none waits for a time that may be days off.
  private mutating func forgetFuture(now: Timestamp) {
    defer { latest = now }
    guard let latest, latest.since(now) > WindowPolicy.tolerance else { return }
    for name in hops.keys { hops[name]?.dropAll() }
  }

  private mutating func begin(_ request: Request, _ recipients: Int, at name: String, now: Timestamp) {
    hops[name]?.underway[request.id] = (recipients, request.priority)
    if request.priority.isFromTheRest { hops[name]?.othersWent = now }
  }
}

// The state for display and for digests.
extension DeliveryPacing {
  /// Takes over the limits of the configuration, which mail that asks tells too, but perhaps much later.
  ///
  /// - Parameters:
  ///   - configured: the limits of each smarthost of the configuration.
  ///   - others: the limits of other smarthosts, to which an admin rerouted mail.
  package mutating func adopt(_ configured: [String: DeliveryLimits], others: DeliveryLimits) {
    for (name, limits) in configured where !limits.isEmpty { hops[name, default: Hop()].limits = limits }
    for name in hops.keys {
      let limits = configured[name] ?? others
      if limits.isEmpty { hops[name]?.lift() }
    }
  }

  /// Takes over a mail that an earlier process made wait until `time`, so that it counts as waiting before it asks
  /// again, which may be hours later.
  package mutating func recall(_ request: Request, until time: Timestamp, since asked: Timestamp, now: Timestamp) {
    guard !request.limits.isEmpty else { return }
    for name in request.nextHops { prepare(name, request, now: now) }
    let slot = Slot(
      id: request.id, time: max(time, now), recipients: min(request.recipients, request.limits.mostAtOnce),
      priority: request.priority, asked: min(asked, now))
    for name in request.nextHops { hops[name]?.insert(slot) }
  }

  /// Returns the state of each smarthost that has limits, by name.
  package mutating func standings(now: Timestamp) -> [Usage] {
    for name in hops.keys { hops[name]?.log.forget(before: now) }
    return hops.sorted { $0.key < $1.key }.filter { !$0.value.limits.isEmpty }.map { name, hop in
      let waiting = hop.ordinary + hop.others
      return Usage(
        nextHop: name, limits: hop.limits,
        ofPeriod: hop.limits.rate.map { hop.log.count(within: $0.period.length, now: now) } ?? 0,
        ofDay: hop.log.ordinaryOfDay + hop.log.otherOfDay, waiting: waiting.count,
        lastLeaves: waiting.map(\.time).max())
    }
  }

  /// Returns how errors are to be reported now, so that the limits last.
  ///
  /// - Parameter queued: the number of recipients of queued mails about errors, whether or not they asked for their time.
  package mutating func noticeMode(now: Timestamp, queued: Int = 0) -> NoticeMode {
    var noticeMode = NoticeMode.oneByOne
    for name in hops.keys {
      hops[name]?.log.forget(before: now)
      hops[name]?.dropGone(before: now.advanced(by: .zero - Self.grace))
    }
    for hop in hops.values {
      if let share = hop.limits.dailyShare(of: .own), let room = hop.reportRoom(queued), room <= 0 {
        // The last quarter of the share is enough for so many digests in a day.
        let digests = max(1, share / 4)
        noticeMode.joined(.inDigests(every: max(.seconds(3600), DepartureLog.day / digests)))
      }
      let late = hop.others.contains { now.since($0.asked) >= .seconds(60) }
      if late { noticeMode.joined(.inDigests(every: StormCap.digestEvery)) }
    }
    return noticeMode
  }

  /// Returns the number of recipients that may still be told of errors one by one before `noticeMode` demands digests;
  /// nil: any number. What is queued meanwhile counts against it at once, or a burst of new errors would be queued mail
  /// by mail for days.
  package func noticeRoom(queued: Int) -> Int? { hops.values.compactMap { $0.reportRoom(queued) }.min() }
}

/// The manner in which errors are reported: one by one or in digests.
package enum NoticeMode: Hashable, Sendable {
  /// The first mail of each error goes out.
  case oneByOne
  /// Mail that would go out waits for a digest, one per period for each site.
  case inDigests(every: Duration)

  /// The time between two digests.
  package var digestEvery: Duration {
    switch self {
    case .oneByOne: StormCap.digestEvery
    case .inDigests(let period): period
    }
  }

  fileprivate mutating func joined(_ other: NoticeMode) {
    if case .inDigests = other { self = .inDigests(every: max(digestEvery, other.digestEvery)) }
  }
}
