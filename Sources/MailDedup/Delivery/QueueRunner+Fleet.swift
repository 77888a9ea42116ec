import DedupCore
import DedupStore
import EventLog
import Fleet
import HostSystem
import Logging
import MailMessage
import RelayMail

// What the fleet says before a mail about an error leaves, and what it is told after.
extension QueueRunner {
  /// The reason that is shown of a mail while another relay is about to deliver the same error.
  static let fleetWaiting = "fleet-waiting"

  /// The answer of the fleet about a mail that could be offered now.
  enum Consent: Sendable {
    /// The mail is offered, under the claim if there is one.
    case leave(Message, HeldClaim?)
    /// Another relay is about to deliver: ask again after this pause.
    case wait(Duration)
    /// Another relay delivered, and the mail is a count now.
    case counted
  }

  /// A claim that this relay holds while it offers a mail.
  struct HeldClaim: Sendable {
    var member: FleetMember
    var lease: Lease
    var error: String
    /// The requests of admins that the mail answers.
    var marks: FleetMarks
  }

  /// Asks the fleet whether a mail may leave. Without a fleet, and for mail that is not about an error, it may.
  func consent(for entry: QueueEntry, _ message: Message) async throws -> Consent {
    guard let fleet, fleet.isOn, entry.kind == .report, !entry.hasDelivered,
      let question = try await store.fleetQuestion(of: entry.id)
    else { return .leave(message, nil) }
    guard let member = fleet.member else { return alone(.away, entry, message) }
    let error = FleetNames.name(of: question.error, variant: question.variant)
    let totals = FleetNames.totals(of: question.error, store: member.settings.store)
    let marks = question.marks
    switch await member.claim(
      error, for: entry.id, window: question.window, totals, marks: (marks.pass, marks.resolve))
    {
    case .deliver(let lease, let count):
      let mark = FleetMark.counted(mails: count.mails, heldBack: count.heldBack, relays: count.stores)
      return .leave(marked(message, mark), HeldClaim(member: member, lease: lease, error: error, marks: marks))
    case .alone(let reason): return alone(reason, entry, message)
    case .wait(let pause): return .wait(pause)
    case .covered(let age): return try await count(entry, question, age: age, fleet)
    }
  }

  private func alone(_ reason: FleetMachine.Reason, _ entry: QueueEntry, _ message: Message) -> Consent {
    logger.event(.notice, .fleetAlone, [.id: "\(entry.id)", .reason: "\(reason.rawValue)"])
    return .leave(marked(message, .alone(reason.rawValue)), nil)
  }

  private func marked(_ message: Message, _ mark: FleetMark) -> Message {
    mark.applied(to: message, tagsSubject: store.policy.settings.subject == .count)
  }

  /// Turns a mail into a count. The age of the other mail goes on growing until that is committed; one that is too old by
  /// then covers nothing, and the fleet is asked again.
  private func count(
    _ entry: QueueEntry, _ question: FleetQuestion, age: Duration, _ fleet: FleetLink
  ) async throws -> Consent {
    let answeredAt = BootClock.now()
    let isCounted = try await store.holdBack(entry.id) {
      let age = age + (BootClock.now() - answeredAt)
      return age < question.window ? WallClock.now().advanced(by: .zero - age) : nil
    }
    guard isCounted else { return .wait(.milliseconds(50)) }
    fleet.noteChange(question.error.row)
    logger.event(.info, .suppressed, [.id: "\(entry.id)", .reason: "\(SuppressionReason.fleetWindow.rawValue)"])
    return .counted
  }

  /// Leaves a mail in the queue that waits for another relay. The queue shows why; the waits after the first one are not
  /// written.
  func stay(_ entry: QueueEntry, _ pause: Duration) async -> DeliveryPlan.End {
    guard entry.pacedBy != Self.fleetWaiting else { return .putBack(for: pause) }
    await postpone(entry, WallClock.now().advanced(by: pause), Self.fleetWaiting)
    return .open
  }

  /// Offers a mail while its claim is kept.
  func depart(
    _ message: Message, of entry: QueueEntry, over destinations: Destinations, under claim: HeldClaim?
  ) async -> Departure {
    guard let claim else { return await depart(message, of: entry, over: destinations) }
    return await claim.member.keep(claim.lease, of: claim.error) {
      await depart(message, of: entry, over: destinations)
    }
  }

  /// Tells the fleet what became of a mail: a next hop took it, or the claim is given up at once.
  func tell(_ claim: HeldClaim?, _ departure: Departure, of entry: QueueEntry) async {
    guard let claim else { return }
    let isDelivered = departure.result.outcomes.contains { if case .delivered = $0 { true } else { false } }
    guard isDelivered else { return claim.member.release(claim.lease, of: claim.error) }
    let isKnown = await claim.member.delivered(claim.lease, of: claim.error)
    if claim.marks != FleetMarks() {
      // If that fails, the request stays open, and the engine knows that it was answered.
      try? await store.fleetAnswered(claim.marks, of: claim.error, at: WallClock.now())
    }
    if isKnown { return }
    logger.event(
      .notice, .fleetLate,
      [.id: "\(entry.id)", .reason: "the claim was lost while the mail was offered, or the engine is away"])
  }
}
