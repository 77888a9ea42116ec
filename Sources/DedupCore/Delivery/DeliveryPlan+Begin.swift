/// The choice of the entry that begins next.
extension DeliveryPlan {
  /// The time for which mail that waits for its pace is put back, unless it is taken back before.
  private static let pacedPause = Duration.seconds(3600)

  mutating func begin(_ now: Duration, _ limits: Limits) -> Step? {
    let slow = slowOnes(now)
    if slow.isEmpty, putBack.takeBackHanging() { isOutdated = true }
    while let next = ready.popLast() {
      guard underway[next.entry.id] == nil, !putBack.contains(next.entry.id) || next.isOnlyToldOf else { continue }
      switch place(for: next, now, limits, slow) {
      case .taken(let trip): return start(next, trip, now)
      case .paced: putAside(next, now)
      case .full where aside.count < Self.lookahead: aside.insert(next, at: 0)
      case .full: putBack(next, for: .seconds(1), slow.contain(next) ? .hangs : .full, now)
      case .closed(let pause): putBack(next, for: pause, .closed, now)
      }
    }
    for index in aside.indices.reversed() {
      guard case .taken(let trip) = place(for: aside[index], now, limits, slow) else { continue }
      return start(aside.remove(at: index), trip, now)
    }
    return nil
  }

  /// Keeps mail at hand that waits for its pace, ordinary mail before other mail, and puts back what is too much.
  private mutating func putAside(_ next: Candidate, _ now: Duration) {
    aside.insert(next, at: next.isOrdinary ? aside.firstIndex(where: \.isOrdinary) ?? aside.endIndex : 0)
    guard aside.count > Self.lookahead else { return }
    let last = aside.removeFirst()
    if isPaced(last) {
      putBack(last, for: Self.pacedPause, .paced, now)
    } else {
      putBack(last, for: .seconds(1), .full, now)
    }
  }

  /// Makes mail due that was put back for its pace, as soon as no more of it is at hand.
  mutating func takeBackPaced() {
    guard !aside.contains(where: isPaced), putBack.takeBackPaced(Self.lookahead) else { return }
    isOutdated = true
  }

  private mutating func putBack(
    _ next: Candidate, for pause: Duration, _ reason: PutBackMail.Reason, _ now: Duration
  ) {
    putBack.put(next.entry.id, until: now + spread(pause), reason)
    putBackInARow += 1
  }

  private mutating func start(_ next: Candidate, _ trip: Trip, _ now: Duration) -> Step {
    if trip.isPaced { paces[trip.route]?.begin(trip.parties, at: now) }
    underway[next.entry.id] = trip
    return .deliver(next)
  }

  // MARK: - The pace

  /// Returns true if the next hop takes mail like this at a pace.
  func isPaced(_ mail: Candidate) -> Bool { opensAt(for: mail) != nil }

  /// Returns the time at which the pace allows the next mail like this; nil: no pace is known.
  func opensAt(for mail: Candidate) -> Duration? {
    mail.goesItsOwnWay ? nil : paces[mail.route]?.opensAt(for: mail.parties)
  }

  mutating func learnPace(from trip: Trip, _ delivered: Bool, _ slowed: MailScope?, _ now: Duration) {
    if let slowed {
      paces[trip.route, default: LearnedPaces()].refused(slowed, begun: trip.startedAt, at: now)
    } else if delivered {
      paces[trip.route, default: LearnedPaces()].accepted(trip.parties, at: now)
    }
  }
}
