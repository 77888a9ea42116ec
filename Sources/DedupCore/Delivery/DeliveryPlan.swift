/// The plan of what is delivered next, as a value: events go in, and `next` returns what to do. The runner carries it
/// out.
///
/// - Due mail is read from the queue when there is room for it, a handful at a time, and mail that just arrived is
///   taken directly as long as nothing else is due.
/// - While the next hop is closed, nothing is read and no mail is tried: it stays due, and all of it goes when the next
///   hop is open, in the order of the queue. Only mail that an admin rerouted goes on, and once a minute the plan looks
///   for mails that are so old that their senders have to be told.
/// - Error mail and the relay's own mail have three quarters of the places at most: however long a next hop takes for
///   it, or how much there is, ordinary mail goes.
/// - Mail to a domain, or by a route, of which some hang leaves a few places to all other mail (`DeliveryPlan+Room`).
/// - While the next hop is closed to some senders or domains only, mail of others goes.
/// - Mail that a next hop refused for the rate goes at the pace that it showed (`LearnedPaces`); other mail does not wait.
/// - A mail that takes long does not hold up the others: after a second it no longer counts among the mails under way
///   at once. `Limits.most` bounds their number.
///
/// Times are those of a clock that never jumps.
package struct DeliveryPlan: Sendable {
  /// The part of the queue to read.
  package enum Reading: Hashable, Sendable {
    /// All mail that is due.
    case due
    /// The due mail that an admin rerouted.
    case rerouted
    /// All mail that is old enough for its sender to be told.
    case old
  }

  package enum Step: Sendable {
    /// Read from the queue, then call `read` or `notRead`.
    case read(Reading)
    /// Deliver it; call `tried` when the transport is done with it, and `recorded` when the store is.
    case deliver(Candidate)
    /// Ask the next hop whether it works again, then call `looked`.
    case look
    /// Wait until that time (nil: none is set) or until the next event; then there may be something to do.
    case wait(until: Duration?)
    case finish
  }

  /// The current limits, which the plan does not know itself.
  package struct Limits: Hashable, Sendable {
    /// The maximum number of mails at once, however slow they are.
    package var most: Int
    package var admission: Admission

    package init(most: Int, admission: Admission) {
      self.most = most
      self.admission = admission
    }
  }

  /// The outcome of an attempt for an entry.
  package enum End: Hashable, Sendable {
    /// The entry left the queue, or waits for its next attempt.
    case settled
    /// The entry may be due again.
    case open
    /// The entry was not offered, and is left alone for this time, or until the next hop opens.
    case putBack(for: Duration)
  }

  /// The number of entries read from the store at once; more wait there. A new mail waits until these are under way.
  package static let lookahead = 20
  /// The time for which a mail counts among the mails under way at once.
  package static let slowness = Duration.seconds(1)
  /// The pause between two searches for mail whose sender has to be told, while the next hop is closed.
  static let oldMailPause = Duration.seconds(60)

  package private(set) var window = SendWindow()
  var underway: [QueueID: Trip] = [:]
  /// The entries that are left alone for a while.
  var putBack = PutBackMail()
  /// The paces that were learned, by route.
  var paces: [String?: LearnedPaces] = [:]
  /// The entries to begin next, the most urgent last.
  var ready: [Candidate] = []
  /// The entries that were read and wait for one of the places that such mail may take; the most urgent last.
  var aside: [Candidate] = []
  /// The number of mails that were put back since the last pause.
  var putBackInARow = 0
  /// The maximum of `putBackInARow`: the plan then pauses for events, which a long queue would hold up.
  private static let mostPutBackInARow = 200
  /// True if mail may be due that the plan does not know of.
  var isOutdated = true
  private var isOutdatedAside = true
  /// The store's `transactions` at the last reading of the queue.
  private var lookedAt = 0
  /// The time at which the next mail becomes due; nil: none is known.
  var nextDue: Duration?
  private var wasClosed = false
  /// The mail that the next hop was closed to.
  private var closedTo = MailScope()
  /// The time of the next search for old mail.
  var oldMailAt = Duration.zero
  /// The old mails that were found in the current hour.
  private var lookedAtOld: Set<QueueID> = []
  private var hourEnds = Duration.zero
  var isLooking = false
  private var isStopping = false

  package init() {}

  /// The entries that are being tried or whose attempt is not recorded yet.
  package var entriesUnderway: Set<QueueID> { Set(underway.keys) }

  /// Returns the entries to leave out when the queue is read.
  package func excluded(for reading: Reading) -> Set<QueueID> {
    entriesUnderway.union(reading == .old ? lookedAtOld : putBack.ids.union(aside.map(\.entry.id)))
  }

  // MARK: - Events

  /// Takes mail that just arrived, the most urgent last; nil if the queue has to be read.
  package mutating func arrived(_ more: [Candidate]?) {
    if wasClosed, more?.contains(where: \.goesItsOwnWay) != true { return isOutdated = true }
    if let more, !more.isEmpty, !isOutdated, ready.count + more.count <= Self.lookahead {
      // Behind the ordinary mail that came before, and before all other mail.
      let others = ready.lastIndex { !$0.isOrdinary }.map { $0 + 1 } ?? 0
      ready.insert(contentsOf: more.filter(\.isOrdinary), at: others)
      ready.insert(contentsOf: more.filter { !$0.isOrdinary }, at: 0)
    } else {
      isOutdated = true
    }
  }

  /// Returns true if mail that arrived with this transaction cannot be in the last reading of the queue.
  package func isNews(_ transaction: Int) -> Bool { transaction > lookedAt }

  /// Discards everything that was read, because it is out of date.
  package mutating func changed() {
    (ready, aside, putBack) = ([], [], PutBackMail())
    (isOutdated, isOutdatedAside) = (true, true)
  }

  /// Reconsiders all mail but that which waits for its pace.
  private mutating func reconsider() {
    ready = []
    aside = aside.filter(isPaced)
    _ = putBack.takeBack([.closed, .full, .hangs])
    (isOutdated, isOutdatedAside) = (true, true)
  }

  /// Takes the result of reading the queue.
  ///
  /// - Parameters:
  ///   - found: the entries, the most urgent last.
  ///   - nextDue: the time at which the next entry besides these is due; nil: none.
  ///   - transactions: the store's `transactions` at the time of the reading.
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

  /// Records that the queue could not be read; it is read again at `time`.
  package mutating func notRead(until time: Duration) {
    (isOutdated, isOutdatedAside) = (false, false)
    nextDue = time
  }

  /// Records that the transport is done with an entry.
  ///
  /// - Parameter slowed: the mail that the next hop takes too much of, if it refused this one for that.
  package mutating func tried(
    _ id: QueueID, delivered: Bool, isThrottled: Bool, slowed: MailScope? = nil, at now: Duration, most: Int
  ) {
    if isThrottled { window.throttled(at: now) }
    guard let trip = underway[id] else { return }
    if delivered { window.delivered(in: now - trip.startedAt, wasFull: trip.fillsUp, most: most) }
    if trip.isPaced { learnPace(from: trip, delivered, slowed, now) }
    underway[id]?.isTrying = false
  }

  package mutating func recorded(_ id: QueueID, _ end: End, at now: Duration) {
    underway[id] = nil
    switch end {
    case .settled: break
    case .open: (isOutdated, isOutdatedAside) = (true, true)
    case .putBack(let pause): putBack.put(id, until: now + pause, .closed)
    }
  }

  package mutating func looked() { isLooking = false }

  /// Stops the plan: no new delivery is begun.
  package mutating func stop() { isStopping = true }

  // MARK: - What next

  package mutating func next(at now: Duration, _ limits: Limits) -> Step {
    if isStopping { return underway.isEmpty ? .finish : .wait(until: nil) }
    lookAtClock(now)
    lookAtScope(limits.admission)
    switch limits.admission.state {
    case .closed(let pause, let asks) where limits.admission.scope == nil:
      close(now)
      if asks, pause <= .zero, !isLooking {
        isLooking = true
        return .look
      }
      if let step = goOnAside(now, limits) { return step }
    case .open, .trial, .closed:
      reopen()
      if let step = goOn(now, limits) { return step }
    }
    return .wait(until: alarm(now, limits))
  }

  private mutating func lookAtClock(_ now: Duration) {
    if let nextDue, nextDue <= now {
      (isOutdated, isOutdatedAside) = (true, true)
      self.nextDue = nil
    }
    if putBack.takeBackDue(at: now) { (isOutdated, isOutdatedAside) = (true, true) }
  }

  /// Makes mail that the next hop was closed to due as soon as it is open.
  private mutating func lookAtScope(_ admission: Admission) {
    let scope = admission.state == .open ? MailScope() : admission.scope ?? MailScope()
    if !closedTo.isSubset(of: scope) { reconsider() }
    closedTo = scope
  }

  private mutating func reopen() {
    guard wasClosed else { return }
    wasClosed = false
    reconsider()
  }

  private mutating func close(_ now: Duration) {
    guard !wasClosed else { return }
    wasClosed = true
    ready.removeAll { !$0.goesItsOwnWay }
    aside = []
    (isOutdated, isOutdatedAside) = (true, true)
    oldMailAt = now + Self.oldMailPause
  }

  private mutating func goOn(_ now: Duration, _ limits: Limits) -> Step? {
    guard hasRoom(now, limits) else { return nil }
    if limits.admission.state == .trial, limits.admission.scope == nil, !mayTry(limits.admission) { return nil }
    if let step = begin(now, limits) { return step }
    takeBackPaced()
    guard isOutdated else { return nil }
    guard putBackInARow < Self.mostPutBackInARow else {
      putBackInARow = 0
      return .wait(until: now + .milliseconds(20))
    }
    return .read(.due)
  }

  /// Returns the next step that is allowed while the next hop is closed.
  private mutating func goOnAside(_ now: Duration, _ limits: Limits) -> Step? {
    guard hasRoom(now, limits) else { return nil }
    if let step = begin(now, limits) { return step }
    if isOutdatedAside { return .read(.rerouted) }
    guard now >= oldMailAt else { return nil }
    if now >= hourEnds { (lookedAtOld, hourEnds) = ([], now + .seconds(3600)) }
    oldMailAt = now + Self.oldMailPause
    return .read(.old)
  }
}
