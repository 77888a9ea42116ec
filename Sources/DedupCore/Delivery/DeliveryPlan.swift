package import MailMessage

/// What is delivered next, as a value: what happened goes in, `next` tells what to do. The runner carries it out.
///
/// - Due mail is read from the queue when there is room for it, a handful at a time, and mail that just came in is taken
///   as it comes as long as nothing else is due.
/// - While the way is closed nothing is read and no mail is tried: it stays due, and all of it goes when the way is open,
///   in the order of the queue. Only what an admin sends another way goes on, and mails that are so old that their
///   senders have to be told are looked for once a minute.
/// - Error mail and our own have three quarters of the places at most: however long a next hop takes for it, or how much
///   there is, ordinary mail goes.
/// - A mail that takes long does not hold up the others: after a second it no longer counts among those that are on
///   their way at once. There is an end to that at `Limits.most`.
///
/// Times are those of a clock that never jumps.
package struct DeliveryPlan: Sendable {
  /// An entry that is about to be tried.
  package struct Candidate: Sendable {
    package var entry: QueueEntry
    /// What is to be sent; nil when it is still in the store.
    package var message: Message?
    /// The store's `queueChanges` when they were read.
    package var changes: Int
    /// It is not to be tried, only to be told about if it is time for that.
    package var isOnlyToldOf = false

    package init(entry: QueueEntry, message: Message?, changes: Int) {
      self.entry = entry
      self.message = message
      self.changes = changes
    }

    fileprivate var goesItsOwnWay: Bool { entry.reroutedTo != nil || isOnlyToldOf }

    fileprivate var isOrdinary: Bool { entry.kind == .pass || entry.kind == .alert }
  }

  /// What to read from the queue.
  package enum Reading: Hashable, Sendable {
    /// All that is due.
    case due
    /// Of that, what an admin sends another way.
    case rerouted
    /// Whatever is old enough for its sender to be told.
    case old
  }

  package enum Step: Sendable {
    /// Then call `read`, or `notRead`.
    case read(Reading)
    /// Then call `tried` when the transport is done with it, and `recorded` when the store is.
    case deliver(Candidate)
    /// Ask the next hop whether it works again; then call `looked`.
    case look
    /// Something may be to be done at that time, or after the next event.
    case wait(until: Duration?)
    case finish
  }

  /// What is known besides at the moment.
  package struct Limits: Hashable, Sendable {
    /// Mails at once, however slow they are.
    package var most: Int
    package var admission: Admission

    package init(most: Int, admission: Admission) {
      self.most = most
      self.admission = admission
    }
  }

  /// What became of an entry.
  package enum End: Hashable, Sendable {
    /// It left the queue, or waits for its next attempt.
    case settled
    /// It may be due again.
    case open
    /// It was not offered, and is left alone for so long, or until the way opens.
    case putBack(for: Duration)
  }

  private struct Trip: Sendable {
    var startedAt: Duration
    /// The transport has it.
    var isTrying = true
    var isTrial = false
    var isOrdinary = true
    /// With it, as many were on their way as may be.
    var fillsUp = false
  }

  /// Entries that are read from the store at once; more wait there. A new mail waits until these are on their way.
  package static let lookahead = 20
  /// How long a mail counts among those that are on their way at once.
  package static let slowness = Duration.seconds(1)
  /// How often is looked for those of which somebody has to be told while the way is closed.
  package static let oldMailPause = Duration.seconds(60)

  package private(set) var window = SendWindow()
  private var underway: [QueueID: Trip] = [:]
  /// Not offered, and until when they are left alone.
  private var putBack: [QueueID: Duration] = [:]
  /// The most urgent last.
  private var ready: [Candidate] = []
  /// Something may be due that we do not know of.
  private var isOutdated = true
  private var isOutdatedAside = true
  /// The store's `transactions` when we last asked the queue.
  private var lookedAt = 0
  /// When something becomes due that is not yet.
  private var nextDue: Duration?
  private var wasClosed = false
  /// When to look for old mail, and what was looked at in this hour.
  private var oldMailAt = Duration.zero
  private var lookedAtOld: Set<QueueID> = []
  private var hourEnds = Duration.zero
  /// Mail that is not ordinary is due and has no place; nothing else was due when the queue was asked.
  private var hasLeftOut = false
  private var isLooking = false
  private var isStopping = false

  package init() {}

  /// Those that are tried or whose attempt is not recorded yet.
  package var entriesUnderway: Set<QueueID> { Set(underway.keys) }

  /// What the queue need not tell.
  package func excluded(for reading: Reading) -> Set<QueueID> {
    entriesUnderway.union(reading == .old ? lookedAtOld : Set(putBack.keys))
  }

  // MARK: - Events

  /// Mail that just came in, the most urgent last; nil when the queue has to be asked.
  package mutating func arrived(_ more: [Candidate]?) {
    askAgain()
    if wasClosed, more?.contains(where: \.goesItsOwnWay) != true { return isOutdated = true }
    if let more, !more.isEmpty, !isOutdated, ready.count + more.count <= Self.lookahead {
      ready.insert(contentsOf: more, at: 0)
    } else {
      isOutdated = true
    }
  }

  /// Whether mail that came in with this transaction cannot stand in the last answer of the queue.
  package func isNews(_ transaction: Int) -> Bool { transaction > lookedAt }

  /// What was read is out of date.
  package mutating func changed() {
    ready = []
    putBack = [:]
    (isOutdated, isOutdatedAside) = (true, true)
  }

  /// - Parameters:
  ///   - found: the most urgent last.
  ///   - nextDue: when the next one is due beside these.
  ///   - transactions: the store's when it was asked.
  package mutating func read(_ reading: Reading, _ found: [Candidate], nextDue: Duration?, transactions: Int) {
    ready = found
    switch reading {
    case .due:
      isOutdated = found.count >= Self.lookahead
      lookedAt = transactions
      self.nextDue = nextDue
    case .rerouted:
      isOutdatedAside = found.count >= Self.lookahead
      self.nextDue = nextDue
    case .old:
      for index in ready.indices { ready[index].isOnlyToldOf = true }
      lookedAtOld.formUnion(found.map(\.entry.id))
      if found.count >= Self.lookahead { oldMailAt = .zero }
    }
  }

  /// The queue did not answer.
  package mutating func notRead(until time: Duration) {
    (isOutdated, isOutdatedAside) = (false, false)
    nextDue = time
  }

  /// The transport is done with it.
  package mutating func tried(_ id: QueueID, delivered: Bool, isThrottled: Bool, at now: Duration, most: Int) {
    if isThrottled { window.throttled(at: now) }
    if delivered, let trip = underway[id] {
      window.delivered(in: now - trip.startedAt, wasFull: trip.fillsUp, most: most)
    }
    underway[id]?.isTrying = false
    askAgain()
  }

  package mutating func recorded(_ id: QueueID, _ end: End, at now: Duration) {
    underway[id] = nil
    askAgain()
    switch end {
    case .settled: break
    case .open: (isOutdated, isOutdatedAside) = (true, true)
    case .putBack(let pause): putBack[id] = now + pause
    }
  }

  /// What was left out is in the queue and nowhere else.
  private mutating func askAgain() {
    if hasLeftOut { (hasLeftOut, isOutdated) = (false, true) }
  }

  package mutating func looked() { isLooking = false }

  /// Nothing new is begun.
  package mutating func stop() { isStopping = true }

  // MARK: - What next

  package mutating func next(at now: Duration, _ limits: Limits) -> Step {
    if isStopping { return underway.isEmpty ? .finish : .wait(until: nil) }
    lookAtClock(now)
    switch limits.admission.state {
    case .open, .trial:
      reopen()
      if let step = goOn(now, limits) { return step }
    case .closed(let pause, let asks):
      close(now)
      if asks, pause <= .zero, !isLooking {
        isLooking = true
        return .look
      }
      if let step = goOnAside(now, limits) { return step }
    }
    return .wait(until: alarm(now, limits))
  }

  private mutating func lookAtClock(_ now: Duration) {
    if let nextDue, nextDue <= now {
      (isOutdated, isOutdatedAside) = (true, true)
      self.nextDue = nil
    }
    let before = putBack.count
    putBack = putBack.filter { now < $0.value }
    if putBack.count < before { (isOutdated, isOutdatedAside) = (true, true) }
  }

  private mutating func reopen() {
    guard wasClosed else { return }
    wasClosed = false
    changed()
  }

  private mutating func close(_ now: Duration) {
    guard !wasClosed else { return }
    wasClosed = true
    ready.removeAll { !$0.goesItsOwnWay }
    (isOutdated, isOutdatedAside) = (true, true)
    oldMailAt = now + Self.oldMailPause
  }

  private mutating func goOn(_ now: Duration, _ limits: Limits) -> Step? {
    guard hasRoom(now, limits) else { return nil }
    let isTrial = limits.admission.state == .trial
    if isTrial, underway.values.contains(where: { $0.isTrial && $0.isTrying }) { return nil }
    if let step = begin(now, limits, isTrial: isTrial) { return step }
    return isOutdated && !hasLeftOut ? .read(.due) : nil
  }

  /// What goes on while the way is closed.
  private mutating func goOnAside(_ now: Duration, _ limits: Limits) -> Step? {
    guard hasRoom(now, limits) else { return nil }
    if let step = begin(now, limits, isTrial: false) { return step }
    if isOutdatedAside { return .read(.rerouted) }
    guard now >= oldMailAt else { return nil }
    if now >= hourEnds { (lookedAtOld, hourEnds) = ([], now + .seconds(3600)) }
    oldMailAt = now + Self.oldMailPause
    return .read(.old)
  }

  private mutating func begin(_ now: Duration, _ limits: Limits, isTrial: Bool) -> Step? {
    while let next = ready.popLast() {
      guard underway[next.entry.id] == nil, putBack[next.entry.id] == nil || next.isOnlyToldOf else { continue }
      if !next.isOrdinary, !next.goesItsOwnWay, !hasRoomForOthers(limits) {
        hasLeftOut = true
        continue
      }
      let fillsUp = counted(now) + 1 >= room(limits)
      underway[next.entry.id] = Trip(
        startedAt: now, isTrial: isTrial, isOrdinary: next.isOrdinary, fillsUp: fillsUp)
      return .deliver(next)
    }
    return nil
  }

  // MARK: - Room

  private func room(_ limits: Limits) -> Int { max(1, min(window.size, limits.most, limits.admission.mails)) }

  /// Those on their way that are not slow.
  private func counted(_ now: Duration) -> Int {
    underway.values.count { $0.isTrying && now - $0.startedAt < Self.slowness }
  }

  private func hasRoom(_ now: Duration, _ limits: Limits) -> Bool {
    // As many again may have been tried and not be recorded yet: many share a sync, and no transport waits for it.
    underway.count < 2 * limits.most && underway.values.count { $0.isTrying } < limits.most
      && counted(now) < room(limits)
  }

  private func hasRoomForOthers(_ limits: Limits) -> Bool {
    underway.values.count { $0.isTrying && !$0.isOrdinary } < max(1, limits.most - limits.most / 4)
  }

  /// When to look again without an event.
  private func alarm(_ now: Duration, _ limits: Limits) -> Duration? {
    var times = Array(putBack.values)
    if let nextDue { times.append(nextDue) }
    if case .closed(let pause, _) = limits.admission.state {
      times += [oldMailAt] + (isLooking ? [] : [now + pause])
    }
    if !hasRoom(now, limits) {
      times += underway.values.filter(\.isTrying).map { $0.startedAt + Self.slowness }.filter { $0 > now }
    }
    return times.min()
  }
}
