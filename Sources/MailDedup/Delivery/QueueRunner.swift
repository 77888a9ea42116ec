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
  private enum Event: Sendable {
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
  private let route: Current<Route>
  private let executor: (any TaskExecutor)?
  let logger: Logger
  private let arrivals = Arrivals()
  private let underway = Current<Set<QueueID>>([])
  /// Deferred since the way failed, and not for themselves: due when it is open again.
  private let heldUp = Current<HeldUpMail>(HeldUpMail())
  private let counts = Current(DeliveryCounts())
  let rejections = Current(RejectionWatch())
  private let departing = Departing()
  private let events = EventQueue<Event>()

  /// - Parameter executor: where deliveries run; nil: wherever there is a thread.
  init(store: SQLiteStore, route: Current<Route>, executor: (any TaskExecutor)? = nil, logger: Logger) {
    self.store = store
    self.route = route
    self.executor = executor
    self.logger = logger
  }

  /// Octets of messages that are read from the store with their entries.
  private static let octetsAhead = 1 << 20
  /// How long a mail that could not be offered is left alone, unless the way opens before.
  private static let putBackPause = Duration.seconds(2)
  /// How often a mail that is not due is offered to a host that takes connections, to see whether it takes mail again.
  private static let trialPause = Duration.seconds(10)
  /// How long to leave the store alone after it failed to answer.
  static let storePause = Duration.seconds(2)
  private static let longestStorePause = Duration.seconds(30)

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
    return added.mails.reversed().map { .init(entry: $0.entry, message: $0.message, changes: added.changes) }
  }

  private func read(_ reading: DeliveryPlan.Reading, _ plan: inout DeliveryPlan) async {
    let changes = store.queueChanges
    do {
      let due = try await store.due(
        filter(reading), now: WallClock.now(), limit: DeliveryPlan.lookahead, octets: Self.octetsAhead,
        excluding: plan.excluded(for: reading))
      let found = due.entries.reversed().map {
        DeliveryPlan.Candidate(entry: $0, message: due.messages[$0.id], changes: changes)
      }
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

  private func deliver(_ next: DeliveryPlan.Candidate) async {
    let entry = next.entry
    do {
      guard let message = try await message(of: next) else {
        events.add(.tried(entry.id, nil))
        return events.add(.recorded(entry.id, .settled))
      }
      let route = route.value
      let departure = await depart(message, of: entry, over: route)
      events.add(.tried(entry.id, departure.result))
      if departure.offered.isEmpty, let wait = departure.wait { await postpone(entry, wait.until, wait.reason) }
      let end = departure.offered.isEmpty && departure.wait != nil ? .open : await settle(entry, departure, route)
      events.add(.recorded(entry.id, end))
    } catch {
      logger.error("queue-unreadable", metadata: ["id": "\(entry.id)", "error": "\(error)"])
      try? await Task.sleep(for: Self.storePause)
      events.add(.tried(entry.id, nil))
      events.add(.recorded(entry.id, .open))
    }
  }

  private func settle(_ entry: QueueEntry, _ departure: Departure, _ route: Route) async -> DeliveryPlan.End {
    let result = departure.result
    let attempt = DeliveryAttempt(entry: entry.id, at: WallClock.now(), result)
    var settlement = route.retry.settle(entry, attempt, random: .random(in: -1...1), age: store.ageTime)
    departure.adjust(&settlement, of: entry)
    // It failed on a way that mail no longer goes; the new one is tried at once.
    let isOfOldWay = self.route.value.turns != route.turns
    if isOfOldWay { settlement.nextAttempt = attempt.at }
    watchRejections(&settlement, of: entry, at: attempt.at)
    let notice = route.bounces.notice(
      about: settlement, of: entry, message: departure.sent, at: attempt.at, age: store.ageTime)
    let isOnlyPutBack = !result.wasOffered && settlement.failed.isEmpty && notice == nil && departure.wait == nil
    if isOnlyPutBack { return isOfOldWay ? .open : .putBack(for: result.pause ?? Self.putBackPause) }
    logger.log(settlement, of: entry)
    counts.change { $0.add(settlement) }
    let isHeldUp = result.awaitsNextHop && entry.reroutedTo == nil && !settlement.remaining.isEmpty
    heldUp.change { $0.note(entry.id, isHeldUp: isHeldUp, wasOffered: result.wasOffered) }
    let gathered = route.bounces.gathered(from: settlement, of: entry, message: departure.sent, at: attempt.at)
    await record(settlement, of: entry, notice, gathered)
    if !result.wasOffered, !settlement.remaining.isEmpty { return .putBack(for: result.pause ?? Self.putBackPause) }
    return settlement.remaining.isEmpty && notice == nil ? .settled : .open
  }

  /// What was read with the entry, unless an admin may have changed that since.
  private func message(of next: DeliveryPlan.Candidate) async throws -> Message? {
    if let message = next.message, store.queueChanges == next.changes { return message }
    return try await store.message(of: next.entry.id)
  }

  private func depart(_ message: Message, of entry: QueueEntry, over route: Route) async -> Departure {
    switch await route.encryption.outgoing(message, entry.kind) {
    case .success(let outgoing): return await departing.depart(outgoing, of: entry, over: route)
    case .failure(let failure):
      logger.error("not-encrypted", metadata: ["id": "\(entry.id)", "error": "\(failure)"])
      let outcome = DeliveryOutcome.deferred(reason: "it cannot be encrypted: \(failure)")
      let result = DeliveryResult(entry.recipients.map { _ in outcome }, nextHop: route.transport.nextHop)
      return Departure(result: result, sent: Message([]), offered: Set(entry.recipients.indices))
    }
  }

  /// Until it is recorded, or we shut down. As long as that fails, a mail that somebody got or refused keeps its place
  /// among those under way: it is not sent again, or a broken disk would make a flood of it, and when all places are
  /// taken nothing more is sent. A crash in between sends it once more: better twice than never (RFC 1047).
  private func record(
    _ settlement: Settlement, of entry: QueueEntry, _ notice: BounceWriter.Notice?, _ gathered: [GatheredBounce]
  ) async {
    if !settlement.failed.isEmpty && gathered.isEmpty && notice?.tells(of: .failed) != true {
      let mayBeTold = DeliveryStatusReport.isDue(for: entry)
      let reason = mayBeTold ? "its sender asked not to be told" : "mail without a sender is never bounced"
      logger.error("dropped", metadata: ["id": "\(entry.id)", "reason": "\(reason)"])
    }
    var pause = Self.storePause
    while true {
      do {
        return try await store.settle(
          settlement, bounce: notice?.mail, delayNoticeSent: notice?.tells(of: .delayed) == true, gathered: gathered)
      } catch {
        logger.error("attempt-not-recorded", metadata: ["id": "\(entry.id)", "error": "\(error)"])
      }
      if Task.isShuttingDownGracefully { return }
      await cancelWhenGracefulShutdown { [pause] in try? await Task.sleep(for: pause) }
      // Whom nobody took is as due as before.
      if settlement.delivered.isEmpty && settlement.failed.isEmpty { return }
      pause = min(pause * 2, Self.longestStorePause)
    }
  }
}
