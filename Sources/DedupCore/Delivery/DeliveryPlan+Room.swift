import MailMessage

/// The assignment of places among the mails under way.
///
/// Ordinary mail may take all of them, with one exception: a recipient, a domain or a route hangs if three of its
/// deliveries have been under way for longer than a second, and mail for it never takes the last few places, so that it
/// holds up nothing else. Deliveries to a recipient that hangs say nothing about its domain and its route. Mail for what
/// hangs, and mail that is not ordinary, also leave one place of the window free.
extension DeliveryPlan {
  enum Place {
    case taken(Trip)
    /// There is no place now; one may become free with any event.
    case full
    /// The next hop is closed to it for this time.
    case closed(for: Duration)
    /// The next hop takes mail like it at a pace, and no more of it now.
    case paced
  }

  /// The recipients, domains and routes of which several mails hang; domains are grouped by the route that leads to them.
  struct SlowOnes {
    var recipients: Set<EmailAddress> = []
    var domains: [String?: Set<String>] = [:]
    var routes: Set<String> = []

    var isEmpty: Bool { recipients.isEmpty && routes.isEmpty && domains.values.allSatisfy(\.isEmpty) }

    func contain(_ candidate: Candidate) -> Bool {
      if !recipients.isEmpty, candidate.entry.recipients.contains(where: recipients.contains) { return true }
      if let route = candidate.route, routes.contains(route) { return true }
      return domains[candidate.route].map { candidate.domains.isSubset(of: $0) } ?? false
    }
  }

  /// The number of hanging mails that is no coincidence.
  private static let fewestSlow = 3
  /// The pause for mail to a domain while another mail tries it out.
  private static let trialPause = Duration.seconds(1)

  /// Returns true if one more mail may try out whether the next hop is open.
  func mayTry(_ admission: Admission) -> Bool {
    underway.values.count { $0.isTrial && $0.isTrying } < max(1, admission.trials)
  }

  func slowOnes(_ now: Duration) -> SlowOnes {
    let slow = underway.values.filter { $0.isTrying && now - $0.startedAt >= Self.slowness }
    guard slow.count >= Self.fewestSlow else { return SlowOnes() }
    let recipients = Self.frequent(slow.flatMap { Array(Set($0.recipients)) })
    let others = slow.filter { trip in !trip.recipients.contains(where: recipients.contains) }
    let domains = Dictionary(grouping: others, by: \.route).mapValues { trips in
      Self.frequent(trips.flatMap { Array($0.parties.domains) })
    }
    return SlowOnes(recipients: recipients, domains: domains, routes: Self.frequent(others.compactMap(\.route)))
  }

  private static func frequent<Name: Hashable>(_ names: [Name]) -> Set<Name> {
    Set(Dictionary(grouping: names) { $0 }.filter { $0.value.count >= fewestSlow }.keys)
  }

  func place(for next: Candidate, _ now: Duration, _ limits: Limits, _ slow: SlowOnes) -> Place {
    var trip = Trip(
      startedAt: now, isOrdinary: next.isOrdinary, isAmongSlow: slow.contain(next), isPaced: !next.goesItsOwnWay,
      recipients: next.entry.recipients, parties: next.parties, route: next.route)
    var room = room(limits)
    if !next.goesItsOwnWay {
      let opensAt = opensAt(for: next)
      if let closed = closing(to: next, limits.admission, &trip) { return opensAt == nil ? closed : .paced }
      if let opensAt, opensAt > now { return .paced }
      if trip.isAmongSlow || !trip.isOrdinary {
        room = max(1, room - 1)
        guard hasRoom(for: trip, within: room, now, limits) else { return .full }
      }
    }
    trip.fillsUp = counted(now) + 1 >= room
    return .taken(trip)
  }

  /// Returns the place if the next hop is closed to the mail; nil: it is open, or the mail may try it out.
  private func closing(to next: Candidate, _ admission: Admission, _ trip: inout Trip) -> Place? {
    guard admission.concerns(next.parties) else { return nil }
    switch admission.state {
    case .open: return nil
    case .closed(let pause, _): return .closed(for: max(pause, .milliseconds(100)))
    case .trial where !mayTry(admission): return .closed(for: Self.trialPause)
    case .trial:
      trip.isTrial = true
      return nil
    }
  }

  private func hasRoom(for trip: Trip, within room: Int, _ now: Duration, _ limits: Limits) -> Bool {
    let trying = underway.values.filter(\.isTrying)
    let current = trying.filter { now - $0.startedAt < Self.slowness }
    if !trip.isOrdinary {
      guard trying.count(where: { !$0.isOrdinary }) < max(1, limits.most - limits.most / 4),
        current.count(where: { !$0.isOrdinary }) < room
      else { return false }
    }
    guard trip.isAmongSlow else { return true }
    return trying.count < max(1, limits.most - limits.most / 6)
      && current.count { $0.isAmongSlow && $0.isOrdinary == trip.isOrdinary } < room
  }

  /// Lengthens a pause so that many entries that were put back do not come back at once.
  func spread(_ pause: Duration) -> Duration { pause + .milliseconds(10) * min(putBack.count, 6000) }

  private func room(_ limits: Limits) -> Int { max(1, min(window.size, limits.most, limits.admission.mails)) }

  /// Returns the number of mails under way that are not slow.
  private func counted(_ now: Duration) -> Int {
    underway.values.count { $0.isTrying && now - $0.startedAt < Self.slowness }
  }

  func hasRoom(_ now: Duration, _ limits: Limits) -> Bool {
    // As many again may have been tried and not be recorded yet: many share a sync, and no transport waits for it.
    underway.count < 2 * limits.most && underway.values.count { $0.isTrying } < limits.most
      && counted(now) < room(limits)
  }

  /// Returns the time at which to look again without an event; nil: none.
  func alarm(_ now: Duration, _ limits: Limits) -> Duration? {
    var times = [putBack.earliest, nextDue].compactMap(\.self)
    times += aside.compactMap { opensAt(for: $0) }.filter { $0 > now }
    if case .closed(let pause, _) = limits.admission.state, limits.admission.scope == nil {
      times += [oldMailAt] + (isLooking ? [] : [now + pause])
    }
    if !hasRoom(now, limits) || !aside.isEmpty {
      times += underway.values.filter(\.isTrying).map { $0.startedAt + Self.slowness }.filter { $0 > now }
    }
    return times.min()
  }
}
