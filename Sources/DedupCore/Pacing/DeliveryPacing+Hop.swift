/// The state of one smarthost: what waits for it, what is under way to it, and what it got.
extension DeliveryPacing {
  /// A waiting mail, and the time at which it may go.
  struct Slot {
    var id: QueueID
    var time: Timestamp
    var recipients: Int
    var priority: DeliveryPriority
    var asked: Timestamp
  }

  struct Hop {
    var log: DepartureLog
    var limits = DeliveryLimits()
    /// The mails that are being tried.
    var underway: [QueueID: (recipients: Int, priority: DeliveryPriority)] = [:]
    /// The waiting ordinary mail, in the order in which it goes; `others` holds the other mail, which goes after it.
    private(set) var ordinary: [Slot] = []
    private(set) var others: [Slot] = []
    /// The ids of all waiting mails; `recipientsWaiting` counts their recipients.
    private(set) var waiting: Set<QueueID> = []
    private var recipientsWaiting = 0
    /// The time at which other than ordinary mail went last.
    var othersWent: Timestamp?

    init(log: DepartureLog = DepartureLog()) { self.log = log }

    mutating func insert(_ slot: Slot) {
      guard waiting.insert(slot.id).inserted else { return }
      recipientsWaiting += slot.recipients
      if slot.priority.isFromTheRest { Self.insert(slot, into: &others) } else { Self.insert(slot, into: &ordinary) }
    }

    private static func insert(_ slot: Slot, into slots: inout [Slot]) {
      let before = slots.lastIndex { $0.time <= slot.time }
      slots.insert(slot, at: before.map { $0 + 1 } ?? 0)
    }

    mutating func remove(_ id: QueueID) {
      guard waiting.remove(id) != nil else { return }
      for slots in [\Self.ordinary, \Self.others] {
        guard let index = self[keyPath: slots].firstIndex(where: { $0.id == id }) else { continue }
        recipientsWaiting -= self[keyPath: slots].remove(at: index).recipients
      }
    }

    /// Drops mail that should have asked again before `limit`: it is gone.
    mutating func dropGone(before limit: Timestamp) {
      for slots in [\Self.ordinary, \Self.others] {
        let gone = self[keyPath: slots].prefix { $0.time < limit }
        guard !gone.isEmpty else { continue }
        for slot in gone {
          waiting.remove(slot.id)
          recipientsWaiting -= slot.recipients
        }
        self[keyPath: slots].removeFirst(gone.count)
      }
    }

    /// Removes the limits: no mail waits for them any more.
    mutating func lift() {
      limits = DeliveryLimits()
      dropAll()
    }

    /// Drops all waiting mail: all of it asks anew.
    mutating func dropAll() {
      (ordinary, others, waiting, recipientsWaiting) = ([], [], [], 0)
      othersWent = nil
    }

    /// Returns the number of recipients that may be told of errors one by one: until half of the part of `daily` that
    /// mail other than ordinary may take is used, or all of `daily`. Nil: there is no limit.
    ///
    /// - Parameter queued: the number of recipients of queued mails about errors.
    func reportRoom(_ queued: Int) -> Int? {
      guard let daily = limits.daily, let share = limits.dailyShare(of: .own) else { return nil }
      return min((share + 1) / 2 - log.otherOfDay, daily - log.ordinaryOfDay - log.otherOfDay) - queued
    }

    fileprivate var recipientsUnderway: Int { underway.values.reduce(0) { $0 + $1.recipients } }
  }
}

extension DeliveryPacing.Hop {
  /// The mail that goes before another.
  struct Ahead {
    /// The ordinary mail ahead; `others` goes after it. Both are in the order of their time.
    var ordinary: ArraySlice<DeliveryPacing.Slot> = []
    var others: ArraySlice<DeliveryPacing.Slot> = []
    /// The lowest priority among `others` that counts.
    var upTo = DeliveryPriority.report
    /// The earliest time at which the mail may go.
    var start: Timestamp
    /// The time since which the mail waits; nil: it did not ask before.
    var asked: Timestamp?
  }

  func ahead(of request: DeliveryPacing.Request, now: Timestamp) -> Ahead {
    let queue = request.priority.isFromTheRest ? others : ordinary
    let place = waiting.contains(request.id) ? queue.firstIndex { $0.id == request.id } : nil
    var ahead = Ahead(upTo: request.priority, start: now, asked: place.map { queue[$0].asked })
    switch request.priority {
    case .alert: break
    case .ordinary:
      ahead.ordinary = ordinary[..<(place ?? ordinary.count)]
      ahead.start = ahead.ordinary.last?.time ?? now
    case .own, .report:
      if mayOvertake(request, ahead.asked, now: now) { break }
      ahead.ordinary = ordinary[...]
      ahead.others = others[..<(place ?? others.count)]
      ahead.start = ordinary.last?.time ?? now
    }
    return ahead
  }

  /// Returns true if other mail may go ahead of ordinary mail. Never while ordinary mail waits for one period at most:
  /// it may then be within its limits and only wait for what went before.
  private func mayOvertake(_ request: DeliveryPacing.Request, _ asked: Timestamp?, now: Timestamp) -> Bool {
    guard let asked, now.since(asked) >= DeliveryPacing.othersPatience, let last = ordinary.last,
      last.time.since(now) > request.limits.rate?.period.length ?? .seconds(60)
    else { return false }
    return othersWent.map { now.since($0) >= DeliveryPacing.othersPatience } ?? true
  }

  /// Returns the time at which there is room within the day; nil: now.
  func dayTime(
    for recipients: Int, _ ahead: Ahead, limit: Int, now: Timestamp,
    _ counts: (DeliveryPriority) -> Bool, _ of: (Departures) -> Int
  ) -> Timestamp? {
    var search = RoomSearch(for: recipients, limit: limit, period: DepartureLog.day)
    let ofDay = counts(.ordinary) ? log.ordinaryOfDay + log.otherOfDay : log.otherOfDay
    // So that a long queue is not walked through for each mail.
    if search.hasRoom(for: ofDay + recipientsWaiting + recipientsUnderway) { return nil }
    search.goBack(over: ahead, self, now: now, counts)
    if !search.isDone, search.hasRoom(for: ofDay) { return nil }
    for minute in log.minutes.reversed() {
      if search.isDone { break }
      search.goBack(to: Timestamp(endOfMinute: minute.minute), recipients: of(minute))
    }
    return search.time
  }
}

extension RoomSearch {
  mutating func goBack(
    over ahead: DeliveryPacing.Hop.Ahead, _ hop: DeliveryPacing.Hop, now: Timestamp,
    _ counts: (DeliveryPriority) -> Bool
  ) {
    for slots in [ahead.others, ahead.ordinary] {
      for slot in slots.reversed() {
        if isDone { return }
        guard slot.priority <= ahead.upTo, counts(slot.priority) else { continue }
        goBack(to: max(slot.time, now), recipients: slot.recipients)
      }
    }
    let underway = hop.underway.values.reduce(0) { counts($1.priority) ? $0 + $1.recipients : $0 }
    if underway > 0 { goBack(to: now, recipients: underway) }
  }
}
