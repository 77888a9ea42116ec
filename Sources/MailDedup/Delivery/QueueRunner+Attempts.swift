import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import SMTPClient
import ServiceLifecycle

// One attempt: offering a mail, and recording the result.
extension QueueRunner {
  func deliver(_ next: DeliveryPlan.Candidate) async {
    let entry = next.entry
    do {
      guard let message = try await message(of: next) else {
        events.add(.tried(entry.id, nil))
        return events.add(.recorded(entry.id, .settled))
      }
      guard case .leave(let outgoing, let claim) = try await consented(to: entry, message) else { return }
      let destinations = self.destinations.value
      let departure = await depart(outgoing, of: entry, over: destinations, under: claim)
      events.add(.tried(entry.id, departure.result))
      async let told: Void = tell(claim, departure, of: entry)
      if departure.offered.isEmpty, let wait = departure.wait { await postpone(entry, wait.until, wait.reason) }
      let isWaiting = departure.offered.isEmpty && departure.wait != nil
      let end = isWaiting ? .open : await settle(entry, departure, destinations)
      _ = await told
      events.add(.recorded(entry.id, end))
    } catch {
      logger.event(.error, .queueUnreadable, [.id: "\(entry.id)", .error: "\(error)"])
      try? await Task.sleep(for: Self.storePause)
      events.add(.tried(entry.id, nil))
      events.add(.recorded(entry.id, .open))
    }
  }

  /// Asks the fleet, and finishes the attempt if the mail does not leave.
  private func consented(to entry: QueueEntry, _ message: Message) async throws -> Consent {
    let consent = try await consent(for: entry, message)
    let end: DeliveryPlan.End
    switch consent {
    case .leave: return consent
    case .wait(let pause): end = await stay(entry, pause)
    case .counted: end = .settled
    }
    events.add(.tried(entry.id, nil))
    events.add(.recorded(entry.id, end))
    return consent
  }

  private func settle(_ entry: QueueEntry, _ departure: Departure, _ destinations: Destinations) async
    -> DeliveryPlan.End
  {
    let result = departure.result
    let attempt = DeliveryAttempt(entry: entry.id, at: WallClock.now(), result)
    var settlement = destinations.retry.settle(entry, attempt, random: .random(in: -1...1), age: store.ageTime)
    departure.adjust(&settlement, of: entry)
    // It failed on a route that mail no longer uses; the new one is tried at once.
    let isOfOldRoute = self.destinations.value.turns != destinations.turns
    if isOfOldRoute { settlement.nextAttempt = attempt.at }
    rejections.note(&settlement, of: entry, at: attempt.at)
    let notice = destinations.bounces.notice(
      about: settlement, of: entry, message: departure.sent, at: attempt.at, age: store.ageTime)
    let isDecided = !settlement.failed.isEmpty || !settlement.delivered.isEmpty
    let isOnlyPutBack = !result.wasOffered && !isDecided && notice == nil && departure.wait == nil
    if isOnlyPutBack {
      store.forgetOffer(of: entry.id)
      return isOfOldRoute ? .open : .putBack(for: result.pause ?? Self.putBackPause)
    }
    logger.log(settlement, of: entry)
    counts.change { $0.add(settlement) }
    let isHeldUp = result.awaitsNextHop && entry.reroutedTo == nil && !settlement.remaining.isEmpty
    heldUp.change { $0.note(entry.id, isHeldUp: isHeldUp, wasOffered: result.wasOffered) }
    let gathered = destinations.bounces.gathered(from: settlement, of: entry, message: departure.sent, at: attempt.at)
    await record(settlement, of: entry, notice, gathered)
    if !result.wasOffered, !settlement.remaining.isEmpty { return .putBack(for: result.pause ?? Self.putBackPause) }
    return settlement.remaining.isEmpty && notice == nil ? .settled : .open
  }

  /// Returns the message that was read with the entry, unless an admin may have changed the entry since.
  private func message(of next: DeliveryPlan.Candidate) async throws -> Message? {
    if let message = next.message, store.queueChanges == next.changes { return message }
    return try await store.message(of: next.entry.id)
  }

  func depart(_ message: Message, of entry: QueueEntry, over destinations: Destinations) async -> Departure {
    switch await destinations.encryption.outgoing(message, entry.kind) {
    case .success(let outgoing): return await departing.depart(outgoing, of: entry, over: destinations)
    case .failure(let failure):
      logger.event(.error, .notEncrypted, [.id: "\(entry.id)", .error: "\(failure)"])
      let outcome = DeliveryOutcome.deferred(reason: "it cannot be encrypted: \(failure)")
      let result = DeliveryResult(entry.recipients.map { _ in outcome }, nextHop: destinations.transport.nextHop)
      return Departure(result: result, sent: Message([]), offered: Set(entry.recipients.indices))
    }
  }

  /// Records the attempt, retrying until that succeeds or until shutdown. While recording fails, a mail that a next hop
  /// took or refused keeps its place among those underway. It is not sent again, or a broken disk would make a flood of
  /// it; when all places are taken, nothing more is sent. A crash in between sends it once more: better twice than
  /// never (RFC 1047).
  private func record(
    _ settlement: Settlement, of entry: QueueEntry, _ notice: BounceWriter.Notice?, _ gathered: [GatheredBounce]
  ) async {
    if !settlement.failed.isEmpty && gathered.isEmpty && notice?.tells(of: .failed) != true {
      let mayBeTold = DeliveryStatusReport.isDue(for: entry)
      let reason = mayBeTold ? "its sender asked not to be told" : "mail without a sender is never bounced"
      logger.event(.error, .dropped, [.id: "\(entry.id)", .reason: "\(reason)"])
    }
    var pause = Self.storePause
    while true {
      do {
        return try await store.settle(
          settlement, bounce: notice?.mail, delayNoticeSent: notice?.tells(of: .delayed) == true, gathered: gathered)
      } catch {
        logger.event(.error, .attemptNotRecorded, [.id: "\(entry.id)", .error: "\(error)"])
      }
      if Task.isShuttingDownGracefully { return }
      await cancelWhenGracefulShutdown { [pause] in try? await Task.sleep(for: pause) }
      // If no recipient was delivered or failed for good, all of them are as due as before.
      if settlement.delivered.isEmpty && settlement.failed.isEmpty { return }
      pause = min(pause * 2, Self.longestStorePause)
    }
  }
}
