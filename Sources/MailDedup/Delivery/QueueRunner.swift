import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import SMTPClient
import ServiceLifecycle

/// A service that delivers queued mail, a few mails at a time, and records each attempt. `DeliveryPlan` decides what is
/// done next.
///
/// It is the only part that delivers from the queue, so a claim is no more than an element of `underway`. Whatever a
/// crash interrupts is still in the store and is tried again.
struct QueueRunner: Service {
  enum Event: Sendable {
    /// The time to check the queue has come.
    case wake
    /// A mail was queued.
    case added
    /// An admin changed the queue, so that what was read is out of date.
    case changed
    /// A transport is free again; the result of the attempt is still being recorded.
    case tried(QueueID, DeliveryResult?)
    /// The result of the attempt is recorded as well.
    case recorded(QueueID, DeliveryPlan.End)
    case looked
    case shutdown
    /// The deliveries underway at the shutdown used up their time.
    case overdue
  }

  let store: SQLiteStore
  let destinations: Live<Destinations>
  private let executor: (any TaskExecutor)?
  /// The fleet that is asked before mail about errors leaves; nil or off: nobody is.
  let fleet: FleetLink?
  let logger: Logger
  private let arrivals = Arrivals()
  private let underway = Live<Set<QueueID>>([])
  /// The mails deferred because the route failed, and not for themselves: they are due when it is open again.
  let heldUp = Live<HeldUpMail>(HeldUpMail())
  let counts = Live(DeliveryCounts())
  let rejections: RejectionLog
  let departing: Departing
  let events = EventQueue<Event>()

  /// Creates the service.
  ///
  /// - Parameters:
  ///   - executor: Runs the deliveries; nil means any thread.
  ///   - rejections: Hears which next hops reject mail about errors; nil means one of its own.
  ///   - fleet: Is asked before a mail about an error leaves; nil means no fleet.
  init(
    store: SQLiteStore, destinations: Live<Destinations>, executor: (any TaskExecutor)? = nil,
    rejections: RejectionLog? = nil, fleet: FleetLink? = nil, logger: Logger
  ) {
    self.fleet = fleet
    self.store = store
    self.rejections = rejections ?? RejectionLog(logger: logger)
    self.destinations = destinations
    self.executor = executor
    departing = Departing { [store] in store.noteOffer(of: $0, $1) }
    self.logger = logger
  }

  /// The number of octets of messages that are read from the store with their entries.
  private static let octetsAhead = 1 << 20
  /// The time that a mail that could not be offered is left alone, unless the route opens before.
  static let putBackPause = Duration.seconds(2)
  /// The pause between offers of a mail that is not due to a host that accepts connections, to see whether it takes
  /// mail again.
  private static let trialPause = Duration.seconds(10)
  /// The time that the store is left alone after it failed to answer.
  static let storePause = Duration.seconds(2)
  static let longestStorePause = Duration.seconds(30)

  /// The time that a delivery underway may take after a shutdown was requested. A delivery cut off then is tried again
  /// after the start, and arrives twice if the next hop had taken it just before (RFC 1047).
  static let lastDeliveries = Duration.seconds(10)

  /// The mails that are being tried at the moment.
  var beingTried: Set<QueueID> { underway.value }

  /// The outcomes of recipients since the start.
  var deliveries: DeliveryCounts { counts.value }

  /// The next hops that reject mail about errors.
  var rejectionWatch: RejectionWatch { rejections.watch }

  /// The pacing: what the limits of the next hops let through.
  var pacing: Live<DeliveryPacing> { departing.pacing }

  /// Tells the runner that an admin changed the queue.
  func readAgain() { events.add(.changed) }

  func run() async throws {
    store.onQueued { [arrivals, events] in if arrivals.add($0) { events.add(.added) } }
    await recall()
    adoptLimits()
    await fleet?.settled()
    events.add(.wake)
    await withGracefulShutdownHandler {
      await withTaskExecutorPreference(executor) {
        await withDiscardingTaskGroup { group in await loop(in: &group) }
      }
    } onGracefulShutdown: {
      events.add(.shutdown)
    }
  }

  /// Recalls what went out before this start: it does not go out again, and counts against the limits of today.
  private func recall() async {
    do {
      let handovers = try await store.recallHandovers()
      if handovers > 0 { logger.event(.notice, .handoversRecalled, [.mails: "\(handovers)"]) }
    } catch {
      logger.event(.error, .handoversUnreadable, [.error: "\(error)"])
    }
    do {
      let hasLimits = destinations.value.allRoutes.contains { !$0.limits.isEmpty }
      let (recorded, waiting) = (try await store.departures(), hasLimits ? try await store.paced() : [])
      departing.pacing.adopt(recalledPacing(recorded, waiting, now: WallClock.now()))
    } catch {
      logger.event(.error, .departuresUnreadable, [.error: "\(error)"])
    }
  }

  /// The state of the loop, from one event to the next.
  private struct LoopState {
    var plan = DeliveryPlan()
    var alarm: Task<Void, Never>?
    /// The end of the time that deliveries have after a shutdown was asked for.
    var lastCall: Task<Void, Never>?
    var wasOpen = true
    var triedAt: Duration?
  }

  /// Runs until a shutdown was asked for and nothing is under way any more.
  private func loop(in group: inout DiscardingTaskGroup) async {
    var state = LoopState()
    for await _ in events.bell {
      for event in events.take() { take(event, &state, in: &group) }
      guard await carryOut(&state, in: &group) else { break }
    }
    state.alarm?.cancel()
    state.lastCall?.cancel()
    // A look whether the way is open is not waited for.
    group.cancelAll()
  }

  /// Does what the plan says until it has to wait; false when all is done.
  private func carryOut(_ state: inout LoopState, in group: inout DiscardingTaskGroup) async -> Bool {
    while true {
      let admission = destinations.value.admission
      if admission.state == .open, !state.wasOpen { hurry(in: &group) }
      state.wasOpen = admission.state == .open
      let step = state.plan.next(at: monotonicTime(), .init(most: destinations.value.concurrency, admission: admission))
      underway.adopt(state.plan.entriesUnderway)
      switch step {
      case .read(let reading): await read(reading, &state.plan)
      case .deliver(let next): group.addTask { await deliver(next) }
      case .look: group.addTask { await look() }
      case .wait(let time):
        setAlarm(time, admission, &state, in: &group)
        return true
      case .finish: return false
      }
    }
  }

  private func look() async {
    await destinations.value.lookAgain()
    events.add(.looked)
  }

  private func setAlarm(
    _ time: Duration?, _ admission: Admission, _ state: inout LoopState, in group: inout DiscardingTaskGroup
  ) {
    state.alarm?.cancel()
    let isIdleTrial = admission.state == .trial && state.plan.entriesUnderway.isEmpty
    let time = isIdleTrial ? tryOne(&state.triedAt, before: time, in: &group) : time
    state.alarm = time.map { after(max($0 - monotonicTime(), .milliseconds(1)), .wake) }
  }

  private func take(_ event: Event, _ state: inout LoopState, in group: inout DiscardingTaskGroup) {
    switch event {
    case .shutdown: state.lastCall = after(Self.lastDeliveries, .overdue)
    case .overdue: group.cancelAll()
    default: break
    }
    take(event, &state.plan)
  }

  private func take(_ event: Event, _ plan: inout DeliveryPlan) {
    switch event {
    case .wake, .overdue: break
    case .added: plan.arrived(arrivals.take().flatMap { fresh($0, plan) })
    case .changed: plan.changed()
    case .tried(let id, let result):
      let isDelivered = result?.outcomes.contains { if case .delivered = $0 { true } else { false } } ?? false
      plan.tried(
        id, delivered: isDelivered, isThrottled: result?.isThrottled ?? false, slowed: result?.slowed,
        at: monotonicTime(), most: destinations.value.concurrency)
    case .recorded(let id, let end): plan.recorded(id, end, at: monotonicTime())
    case .looked: plan.looked()
    case .shutdown: plan.stop()
    }
  }

  private func after(_ pause: Duration, _ event: Event) -> Task<Void, Never> {
    Task { [events] in
      try? await Task.sleep(for: pause)
      if !Task.isCancelled { events.add(event) }
    }
  }

  /// Makes one of the waiting mails due if only a mail can show whether the route is open, and none is due.
  ///
  /// - Returns: The time of the next check, `time` at the latest.
  private func tryOne(
    _ triedAt: inout Duration?, before time: Duration?, in group: inout DiscardingTaskGroup
  ) -> Duration? {
    guard let id = heldUp.value.all.randomElement() else { return time }
    let now = monotonicTime()
    let isTime = triedAt.map { now - $0 >= Self.trialPause } ?? true
    if isTime {
      triedAt = now
      makeDue([id], in: &group)
    }
    let next = (triedAt ?? now) + Self.trialPause
    return min(time ?? next, next)
  }

  /// Makes the mails due that failed with the route, which is open again.
  private func hurry(in group: inout DiscardingTaskGroup) {
    var ids: Set<QueueID> = []
    heldUp.change { ids = $0.opened() }
    if !ids.isEmpty { makeDue(ids, in: &group) }
  }

  private func makeDue(_ ids: Set<QueueID>, in group: inout DiscardingTaskGroup) {
    group.addTask {
      do { try await store.makeDue(ids, now: WallClock.now()) } catch {
        logger.event(.warning, .queueNotHurried, [.error: "\(error)"])
      }
    }
  }

  /// Returns mail that just came in, the most urgent last, so that a mail passing through is not read from the disk.
  /// Returns nil if the queue has to be asked: there is more, or its last answer may already hold this mail.
  private func fresh(_ added: AddedMail, _ plan: DeliveryPlan) -> [DeliveryPlan.Candidate]? {
    guard added.isComplete, plan.isNews(added.transaction), store.follows(WallClock.now()) else { return nil }
    return added.mails.reversed().map { candidate($0.entry, $0.message, added.changes) }
  }

  private func candidate(_ entry: QueueEntry, _ message: Message?, _ changes: Int) -> DeliveryPlan.Candidate {
    var candidate = DeliveryPlan.Candidate(entry: entry, message: message, changes: changes)
    candidate.route = destinations.value.name(of: entry)
    return candidate
  }

  private func read(_ reading: DeliveryPlan.Reading, _ plan: inout DeliveryPlan) async {
    let changes = store.queueChanges
    do {
      let due = try await store.due(
        filter(reading), now: WallClock.now(), limit: DeliveryPlan.lookahead, octets: Self.octetsAhead,
        excluding: plan.excluded(for: reading))
      let found = due.entries.reversed().map { candidate($0, due.messages[$0.id], changes) }
      // A clock that jumped back would put the alarm days off: look again after a minute at the latest.
      let pause = due.next.map { min(max($0.since(WallClock.now()), .milliseconds(1)), .seconds(60)) }
      plan.read(
        reading, found, nextDue: pause.map { monotonicTime() + $0 }, transactions: store.transactions)
    } catch {
      logger.event(.error, .queueUnreadable, [.error: "\(error)"])
      plan.notRead(until: monotonicTime() + Self.storePause)
    }
  }

  private func filter(_ reading: DeliveryPlan.Reading) -> DueFilter {
    switch reading {
    case .due: return .all
    case .rerouted: return .rerouted
    case .old:
      let (now, policy) = (store.ageTime, destinations.value.retry)
      return .old(since: now.advanced(by: .zero - policy.delayNotice), expired: now.advanced(by: .zero - policy.expire))
    }
  }
}
