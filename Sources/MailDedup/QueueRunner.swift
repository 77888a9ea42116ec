import DedupCore
import DedupStore
import HostSystem
import Logging
import MailMessage
import ServiceLifecycle

/// Delivers what is queued: claims due entries, hands them to the transport a few at a time, records each attempt.
///
/// It is the only one that delivers, so a claim is no more than standing in `underway`. What a crash interrupts is
/// still in the store and is tried again.
struct QueueRunner: Service {
  private enum Event: Sendable {
    /// A waiting entry became due.
    case wake
    /// Something was queued.
    case added
    /// An admin changed what waits: what was read is out of date.
    case changed
    /// A transport is free again; what came of the attempt is being recorded.
    case tried
    /// That is recorded as well; unless it `settled` all of the entry, that may be due again.
    case finished(QueueID, settled: Bool)
    case shutdown
    /// What was under way at the shutdown had its time.
    case overdue
  }

  /// An entry that is about to be tried.
  private struct Ready {
    var entry: QueueEntry
    /// What is to be sent; nil when it is still in the store.
    var message: Message?
    /// The store's `queueChanges` when they were read.
    var changes: Int
  }

  private let store: SQLiteStore
  private let route: Current<Route>
  private let executor: (any TaskExecutor)?
  private let logger: Logger
  private let arrivals = Arrivals()
  private let underway = Current<Set<QueueID>>([])
  private let counts = Current(DeliveryCounts())
  private let rejections = Current(RejectionWatch())
  private let departing = Departing()
  private let events = EventQueue<Event>()

  /// - Parameter executor: where deliveries run; nil: wherever there is a thread.
  init(store: SQLiteStore, route: Current<Route>, executor: (any TaskExecutor)? = nil, logger: Logger) {
    self.store = store
    self.route = route
    self.executor = executor
    self.logger = logger
  }

  /// Entries that are read from the store at once; more wait there. A new mail waits until these are on their way.
  private static let lookahead = 20
  /// Octets of their messages that are read with them.
  private static let octetsAhead = 1 << 20
  /// How long to leave the store alone after it failed to answer.
  private static let storePause = Duration.seconds(2)
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
    await recallDepartures()
    events.add(.wake)
    await withGracefulShutdownHandler {
      await withTaskExecutorPreference(executor) {
        await withDiscardingTaskGroup { group in await loop(in: &group) }
      }
    } onGracefulShutdown: {
      events.add(.shutdown)
    }
  }

  /// What went out before this start counts against the limits of today.
  private func recallDepartures() async {
    do {
      let recorded = try await store.departures()
      departing.pacing.adopt(DeliveryPacing(recorded, now: WallClock.now()))
    } catch {
      logger.error("departures-unreadable", metadata: ["error": "\(error)"])
    }
  }

  /// Ends when a shutdown was asked for and nothing is under way any more.
  private func loop(in group: inout DiscardingTaskGroup) async {
    var underway: Set<QueueID> = [] { didSet { self.underway.adopt(underway) } }
    var trying = 0
    var ready: [Ready] = []
    // Whether something may be due that we do not know of.
    var isOutdated = true
    // The store's `transactions` when we last asked the queue.
    var lookedAt = 0
    var alarm: Task<Void, Never>?
    var isStopping = false
    var lastCall: Task<Void, Never>?
    for await _ in events.bell {
      for event in events.take() {
        switch event {
        case .wake: isOutdated = true
        case .added:
          let more = arrivals.take().flatMap { fresh($0, since: lookedAt) } ?? []
          if isOutdated || more.isEmpty || ready.count + more.count > Self.lookahead {
            isOutdated = true
          } else {
            ready.insert(contentsOf: more, at: 0)
          }
        case .changed:
          ready = []
          isOutdated = true
        case .tried: trying -= 1
        case .finished(let id, let settled):
          underway.remove(id)
          if !settled { isOutdated = true }
        case .shutdown:
          isStopping = true
          lastCall = after(Self.lastDeliveries, .overdue)
        case .overdue: group.cancelAll()
        }
      }
      if isStopping {
        if underway.isEmpty { break }
        continue
      }
      let concurrency = route.value.concurrency
      // As many again may have been tried and not be recorded yet: many share a sync, and no transport waits for it.
      var hasRoom: Bool { trying < concurrency && underway.count < 2 * concurrency }
      if isOutdated && ready.isEmpty && hasRoom {
        let pause: Duration?
        (ready, pause) = await due(excluding: underway)
        lookedAt = store.transactions
        isOutdated = ready.count == Self.lookahead
        alarm?.cancel()
        alarm = pause.map { after($0, .wake) }
      }
      while hasRoom, let next = ready.popLast() {
        guard underway.insert(next.entry.id).inserted else { continue }
        trying += 1
        group.addTask { events.add(.finished(next.entry.id, settled: await deliver(next))) }
      }
    }
    alarm?.cancel()
    lastCall?.cancel()
  }

  private func after(_ pause: Duration, _ event: Event) -> Task<Void, Never> {
    Task { [events] in
      try? await Task.sleep(for: pause)
      if !Task.isCancelled { events.add(event) }
    }
  }

  /// Mail that just came in, the most urgent last, so that a mail on its way through is not read from the disk. Nil when
  /// the queue has to be asked: there is more, or its last answer may hold this mail already.
  private func fresh(_ added: AddedMail, since lookedAt: Int) -> [Ready]? {
    guard added.isComplete, added.transaction > lookedAt, store.follows(WallClock.now()) else { return nil }
    return added.mails.reversed().map { Ready(entry: $0.entry, message: $0.message, changes: added.changes) }
  }

  /// Due entries, the most urgent last, and how long until the next one is due; nil: none is known of.
  private func due(excluding underway: Set<QueueID>) async -> (ready: [Ready], pause: Duration?) {
    let changes = store.queueChanges
    do {
      let due = try await store.due(
        now: WallClock.now(), limit: Self.lookahead, octets: Self.octetsAhead, excluding: underway)
      let ready = due.entries.reversed().map { Ready(entry: $0, message: due.messages[$0.id], changes: changes) }
      // A clock that jumped back would put the alarm days off: look again after a minute at the latest.
      let pause = due.next.map { min(max($0.since(WallClock.now()), .milliseconds(1)), .seconds(60)) }
      return (ready, pause)
    } catch {
      logger.error("queue-unreadable", metadata: ["error": "\(error)"])
      return ([], Self.storePause)
    }
  }

  /// Returns whether the entry is done with.
  private func deliver(_ next: Ready) async -> Bool {
    let entry = next.entry
    do {
      guard let message = try await message(of: next) else {
        events.add(.tried)
        return true
      }
      let route = route.value
      let departure = await depart(message, of: entry, over: route)
      let sent = departure.sent
      events.add(.tried)
      if departure.offered.isEmpty, let wait = departure.wait { return await postpone(entry, wait.until, wait.reason) }
      let attempt = DeliveryAttempt(entry: entry.id, at: WallClock.now(), departure.result)
      var settlement = route.retry.settle(entry, attempt, random: .random(in: -1...1), age: store.ageTime)
      departure.adjust(&settlement, of: entry)
      // It failed on a way that mail no longer goes; the new one is tried at once.
      if self.route.value.turns != route.turns { settlement.nextAttempt = attempt.at }
      watchRejections(&settlement, of: entry, at: attempt.at)
      log(settlement, of: entry)
      counts.change { $0.add(settlement) }
      let notice = route.bounces.notice(about: settlement, of: entry, message: sent, at: attempt.at, age: store.ageTime)
      let gathered = route.bounces.gathered(from: settlement, of: entry, message: sent, at: attempt.at)
      await record(settlement, of: entry, notice, gathered)
      return settlement.remaining.isEmpty && notice == nil
    } catch {
      logger.error("queue-unreadable", metadata: ["id": "\(entry.id)", "error": "\(error)"])
      try? await Task.sleep(for: Self.storePause)
      events.add(.tried)
      return false
    }
  }

  /// What was read with the entry, unless an admin may have changed that since.
  private func message(of next: Ready) async throws -> Message? {
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

  /// Nothing of it was offered: it comes again when the limits let it.
  ///
  /// - Returns: false, since it is not done with.
  private func postpone(_ entry: QueueEntry, _ time: Timestamp, _ reason: String) async -> Bool {
    if entry.pacedBy == nil {
      logger.info("paced", metadata: ["id": "\(entry.id)", "until": "\(time.civil().rfc5322)", "reason": "\(reason)"])
    }
    do { try await store.postpone(entry.id, until: time, reason: reason) } catch {
      logger.error("queue-unreadable", metadata: ["id": "\(entry.id)", "error": "\(error)"])
      try? await Task.sleep(for: Self.storePause)
    }
    return false
  }

  /// Until it is recorded, or we shut down. As long as that fails, a mail that somebody got or refused keeps its place
  /// among those under way: it is not sent again, or a broken disk would make a flood of it, and when all places are
  /// taken nothing more is sent. A crash in between sends it once more: better twice than never (RFC 1047).
  private func record(
    _ settlement: Settlement, of entry: QueueEntry, _ notice: BounceWriter.Notice?, _ gathered: [GatheredBounce]
  ) async {
    if !settlement.failed.isEmpty && gathered.isEmpty && notice?.tells(of: .failed) != true {
      let mayBeTold = DeliveryStatusNotification.isDue(for: entry)
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

  private func watchRejections(_ settlement: inout Settlement, of entry: QueueEntry, at now: Timestamp) {
    var change: RejectionWatch.Change?
    rejections.change { change = $0.note(&settlement, of: entry, at: now) }
    switch change {
    case .begins(let standing):
      logger.error(
        "next-hop-rejects",
        metadata: [
          "next_hop": "\(settlement.nextHop)", "reason": "\(standing.reason)",
          "took_until": "\(standing.tookUntil.map { $0.civil().rfc5322 } ?? "never since the start")",
        ])
    case .ends(let standing):
      logger.notice(
        "next-hop-takes-again", metadata: ["next_hop": "\(settlement.nextHop)", "rejected": "\(standing.mails)"])
    case nil: break
    }
  }

  private func log(_ settlement: Settlement, of entry: QueueEntry) {
    let common: Logger.Metadata = [
      "id": .string(entry.id.description), "next_hop": .string(settlement.nextHop),
      "attempts": .string(String(settlement.attempts)),
    ]
    for recipient in settlement.delivered {
      var metadata = common
      metadata["to"] = .string("<" + recipient.text + ">")
      logger.info("sent", metadata: metadata)
    }
    for recipient in settlement.remaining {
      logger.warning(
        "deferred",
        metadata: common.merging([
          "to": "<\(recipient)>", "reason": "\(settlement.lastFailure ?? settlement.pacedBy ?? "unknown")",
        ]) { $1 })
    }
    for failure in settlement.failed {
      logger.error(
        "failed",
        metadata: common.merging([
          "to": "<\(failure.recipient)>", "status": "\(failure.status)", "reason": "\(failure.reason)",
        ]) { $1 })
    }
  }
}
