import DedupCore
import DedupStore
import HostSystem
import Logging
import MailMessage
import SMTPClient
import ServiceLifecycle

/// Delivers what is queued, a few mails at a time, and records each attempt. What is done next decides `DeliveryPlan`.
///
/// It is the only one that delivers, so a claim is no more than standing in `underway`. What a crash interrupts is
/// still in the store and is tried again.
struct QueueRunner: Service {
  enum Event: Sendable {
    /// It is time to look.
    case wake
    /// Something was queued.
    case added
    /// An admin changed what waits: what was read is out of date.
    case changed
    /// A transport is free again; what came of the attempt is being recorded.
    case tried(QueueID, DeliveryResult?)
    /// That is recorded as well.
    case recorded(QueueID, DeliveryPlan.End)
    case looked
    case shutdown
    /// What was under way at the shutdown had its time.
    case overdue
  }

  let store: SQLiteStore
  let route: Current<Route>
  private let executor: (any TaskExecutor)?
  let logger: Logger
  private let arrivals = Arrivals()
  private let underway = Current<Set<QueueID>>([])
  /// Deferred since the way failed, and not for themselves: due when it is open again.
  let heldUp = Current<HeldUpMail>(HeldUpMail())
  let counts = Current(DeliveryCounts())
  let rejections = Current(RejectionWatch())
  let departing: Departing
  let events = EventQueue<Event>()

  /// - Parameter executor: where deliveries run; nil: wherever there is a thread.
  init(store: SQLiteStore, route: Current<Route>, executor: (any TaskExecutor)? = nil, logger: Logger) {
    self.store = store
    self.route = route
    self.executor = executor
    departing = Departing { [store] in store.noteOffer(of: $0, $1) }
    self.logger = logger
  }

  /// Octets of messages that are read from the store with their entries.
  private static let octetsAhead = 1 << 20
  /// How long a mail that could not be offered is left alone, unless the way opens before.
  static let putBackPause = Duration.seconds(2)
  /// How often a mail that is not due is offered to a host that takes connections, to see whether it takes mail again.
  private static let trialPause = Duration.seconds(10)
  /// How long to leave the store alone after it failed to answer.
  static let storePause = Duration.seconds(2)
  static let longestStorePause = Duration.seconds(30)

  /// How long a delivery that is under way may take after a shutdown was asked for. What is cut off then is tried again
  /// after the start, and comes twice if the next hop had taken it just before (RFC 1047).
  static let lastDeliveries = Duration.seconds(10)

  /// Which mails are being tried at the moment.
  var beingTried: Set<QueueID> { underway.value }

  /// What became of recipients since the start.
  var deliveries: DeliveryCounts { counts.value }

  /// Which next hops reject mail about errors.
  var rejectionWatch: RejectionWatch { rejections.value }

  /// What the limits of the next hops let through.
  var pacing: Current<DeliveryPacing> { departing.pacing }

  /// To be called when an admin changed what waits.
  func readAgain() { events.add(.changed) }

  func run() async throws {
    store.onQueued { [arrivals, events] in if arrivals.add($0) { events.add(.added) } }
    await recall()
    events.add(.wake)
    await withGracefulShutdownHandler {
      await withTaskExecutorPreference(executor) {
        await withDiscardingTaskGroup { group in await loop(in: &group) }
      }
    } onGracefulShutdown: {
      events.add(.shutdown)
    }
  }

  /// What went out before this start does not go out again, and counts against the limits of today.
  private func recall() async {
    do {
      let handovers = try await store.recallHandovers()
      if handovers > 0 { logger.notice("handovers-recalled", metadata: ["mails": "\(handovers)"]) }
    } catch {
      logger.error("handovers-unreadable", metadata: ["error": "\(error)"])
    }
    do {
      let recorded = try await store.departures()
      departing.pacing.adopt(DeliveryPacing(recorded, now: WallClock.now()))
    } catch {
      logger.error("departures-unreadable", metadata: ["error": "\(error)"])
    }
  }

  /// Ends when a shutdown was asked for and nothing is under way any more.
  private func loop(in group: inout DiscardingTaskGroup) async {
    var plan = DeliveryPlan()
    var alarm: Task<Void, Never>?
    var lastCall: Task<Void, Never>?
    var wasOpen = true
    var triedAt: Duration?
    bells: for await _ in events.bell {
      for event in events.take() {
        switch event {
        case .shutdown: lastCall = after(Self.lastDeliveries, .overdue)
        case .overdue: group.cancelAll()
        default: break
        }
        take(event, &plan)
      }
      while true {
        let admission = route.value.admission
        if admission.state == .open, !wasOpen { hurry(in: &group) }
        wasOpen = admission.state == .open
        let step = plan.next(at: monotonicTime(), .init(most: route.value.concurrency, admission: admission))
        underway.adopt(plan.entriesUnderway)
        switch step {
        case .read(let reading): await read(reading, &plan)
        case .deliver(let next): group.addTask { await deliver(next) }
        case .look:
          group.addTask {
            await route.value.lookAgain()
            events.add(.looked)
          }
        case .wait(let time):
          alarm?.cancel()
          let isIdleTrial = admission.state == .trial && plan.entriesUnderway.isEmpty
          let time = isIdleTrial ? tryOne(&triedAt, before: time, in: &group) : time
          alarm = time.map { after(max($0 - monotonicTime(), .milliseconds(1)), .wake) }
          continue bells
        case .finish: break bells
        }
      }
    }
    alarm?.cancel()
    lastCall?.cancel()
    // Whoever looks whether the way is open is not waited for.
    group.cancelAll()
  }

  private func take(_ event: Event, _ plan: inout DeliveryPlan) {
    switch event {
    case .wake, .overdue: break
    case .added: plan.arrived(arrivals.take().flatMap { fresh($0, plan) })
    case .changed: plan.changed()
    case .tried(let id, let result):
      let isDelivered = result?.outcomes.contains { if case .delivered = $0 { true } else { false } } ?? false
      plan.tried(
        id, delivered: isDelivered, isThrottled: result?.isThrottled ?? false, at: monotonicTime(),
        most: route.value.concurrency)
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

  /// Only a mail can show whether the way is open, and none is due: lets one of those that wait for it be.
  ///
  /// - Returns: when to look again, `time` at the latest.
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

  /// The way is open again: what failed with it is due now.
  private func hurry(in group: inout DiscardingTaskGroup) {
    var ids: Set<QueueID> = []
    heldUp.change { ids = $0.opened() }
    if !ids.isEmpty { makeDue(ids, in: &group) }
  }

  private func makeDue(_ ids: Set<QueueID>, in group: inout DiscardingTaskGroup) {
    group.addTask {
      do { try await store.makeDue(ids, now: WallClock.now()) } catch {
        logger.warning("queue-not-hurried", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Mail that just came in, the most urgent last, so that a mail on its way through is not read from the disk. Nil when
  /// the queue has to be asked: there is more, or its last answer may hold this mail already.
  private func fresh(_ added: AddedMail, _ plan: DeliveryPlan) -> [DeliveryPlan.Candidate]? {
    guard added.isComplete, plan.isNews(added.transaction), store.follows(WallClock.now()) else { return nil }
    return added.mails.reversed().map { candidate($0.entry, $0.message, added.changes) }
  }

  private func candidate(_ entry: QueueEntry, _ message: Message?, _ changes: Int) -> DeliveryPlan.Candidate {
    var candidate = DeliveryPlan.Candidate(entry: entry, message: message, changes: changes)
    candidate.route = route.value.name(of: entry)
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
      logger.error("queue-unreadable", metadata: ["error": "\(error)"])
      plan.notRead(until: monotonicTime() + Self.storePause)
    }
  }

  private func filter(_ reading: DeliveryPlan.Reading) -> DueFilter {
    switch reading {
    case .due: return .all
    case .rerouted: return .rerouted
    case .old:
      let (now, policy) = (store.ageTime, route.value.retry)
      return .old(since: now.advanced(by: .zero - policy.delayNotice), expired: now.advanced(by: .zero - policy.expire))
    }
  }
}
