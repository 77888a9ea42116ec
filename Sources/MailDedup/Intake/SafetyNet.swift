import DedupCore
import DedupStore
import Dispatch
import EventLog
import Logging
import MailMessage
import RelayMail
import SMTPProtocol
import Synchronization

/// The fallback for a mail that the store cannot take: it is kept in the emergency spool; if that fails
/// too, cut through to the next hop, whose answer the client gets; only if that fails as well, refused for now. With a
/// full disk, error mail is still deduplicated (`DiskFullCounting`).
///
/// Django has no queue: a 451 is a lost mail, so it is the last resort.
final class SafetyNet: Sendable {
  /// The number of times that each step was taken since the start.
  struct Counts: Hashable, Sendable {
    var spooled = 0
    var cutThrough = 0
    var refused = 0
    /// The number of mails counted in the reserve, with a full disk.
    var counted = 0
  }

  private let spool: EmergencySpool
  private let counting: DiskFullCounting?
  private let destinations: Live<Destinations>
  private let rejections: RejectionLog
  private let logger: Logger
  private let state = Mutex(Counts())
  private let handedOn = Live(HandedOnMail())
  /// The queue for disk access: syncing a file takes milliseconds, and no event loop may wait for that.
  private let disk = DispatchQueue(label: "maildedup.spool")

  /// Creates the safety net.
  ///
  /// - Parameters:
  ///   - counting: The counting with a full disk; nil means that error mail is not deduplicated then.
  ///   - rejections: Hears which next hops reject mail about errors, as from the queue; nil means nobody does.
  init(
    spool: EmergencySpool, counting: DiskFullCounting? = nil, destinations: Live<Destinations>,
    rejections: RejectionLog? = nil, logger: Logger
  ) {
    self.spool = spool
    self.rejections = rejections ?? RejectionLog(logger: logger)
    self.counting = counting
    self.destinations = destinations
    self.logger = logger
  }

  var counts: Counts { state.withLock { $0 } }

  /// Returns the time since when the disk has no room for new mail, or nil if it has room.
  func isFullSince(now: Timestamp) -> Timestamp? { counting?.since(now: now) }

  /// The ordinary mails that were handed on and that the store has not counted yet.
  var uncounted: HandedOnMail { handedOn.value }

  /// Gives what is uncounted to `count`, and keeps it if that throws.
  func handOver(_ count: (HandedOnMail) async throws -> Void) async rethrows {
    let mails = handedOn.adopt(HandedOnMail())
    guard !mails.isEmpty else { return }
    do { try await count(mails) } catch {
      handedOn.change { $0.add(mails) }
      throw error
    }
  }

  /// Records that the store queued a mail, so that its disk is no longer full.
  func noteRoom() { counting?.noteRoom() }

  /// The number of mails in the spool now; 0 if its folder cannot be read.
  var waiting: Int { (try? spool.waiting().count) ?? 0 }

  /// Takes over a mail that was not stored because of `failure`; calls `reply` once, from any thread.
  func take(
    _ submission: Submission, _ judged: Judged, because failure: StoreFailure,
    reply: @escaping @Sendable (Reply) -> Void
  ) {
    disk.async { [self] in
      if failure.kind == .diskFull { counting?.noteFull(at: submission.receivedAt) }
      guard failure.kind == .diskFull, let counting, let occurrence = judged.occurrence else {
        return keep(submission, judged, because: failure, undecided: nil, reply)
      }
      let again = { @Sendable [self] in take(submission, judged, because: failure, reply: reply) }
      switch counting.take(submission, occurrence, again: again) {
      case .counted(let reason, let running):
        count { $0.counted += 1 }
        log(.info, .suppressed, submission, reason.rawValue)
        reply(Reply(250, EnhancedStatusCode(2, 0, 0), "counted as \(submission.id), \(running.heldBack) held back"))
      case .goesOn(let undecided): keep(submission, judged, because: failure, undecided: undecided, reply)
      case .waits: break
      case .unavailable: keep(submission, judged, because: failure, undecided: nil, reply)
      }
    }
  }

  /// Keeps a mail in the spool, or else cuts it through to the next hop.
  ///
  /// - Parameter undecided: Reports the outcome to waiting mails of the same error; nil if none waits for this one.
  private func keep(
    _ submission: Submission, _ judged: Judged, because failure: StoreFailure, undecided: DiskFullCounting.Undecided?,
    _ reply: @escaping @Sendable (Reply) -> Void
  ) {
    do {
      try spool.keep(submission, transactions: failure.transactions)
      count { $0.spooled += 1 }
      log(.warning, .spooled, submission, failure.description)
      reply(Reply(250, EnhancedStatusCode(2, 0, 0), "kept as \(submission.id)"))
      undecided?.wasSpooled()
    } catch {
      log(.error, .notSpooled, submission, "\(error)")
      let verdict = undecided?.offer()
      Task {
        let answer = await cutThrough(submission, judged, verdict)
        // Before the client gets the reply: its next mail of this error may be here at once.
        undecided?.wasOffered(isTaken: answer.isPositive)
        reply(answer)
      }
    }
  }

  /// Offers a mail to the next hop, and returns the reply for the client.
  ///
  /// - Parameter verdict: The verdict that the mail states; nil means none.
  private func cutThrough(_ submission: Submission, _ judged: Judged, _ verdict: Verdict?) async -> Reply {
    let destinations = self.destinations.value
    let rendering =
      verdict.map { ForwardedMail.render(submission, $0, of: judged.occurrence) } ?? .init(top: submission.received())
    let message = rendering.applied(to: submission.message)
    guard case .success(let outgoing) = await destinations.encryption.outgoing(message, judged.kind) else {
      // Encryption needs no disk, so it hardly ever fails; and an admin who wants certificates or nothing gets no
      // exception for a bad day.
      count { $0.refused += 1 }
      log(.error, .refused, submission, "it cannot be encrypted")
      return CutThrough.later
    }
    let result = await destinations.deliver(
      submission.envelope, judged.kind, message: outgoing, id: submission.id)
    rejections.note(result, of: judged.kind, at: submission.receivedAt)
    let answer = CutThrough.reply(to: result.outcomes, id: submission.id)
    if answer.isPositive {
      count { $0.cutThrough += 1 }
      handedOn.change { $0.add(judged, at: submission.receivedAt) }
      log(.warning, .cutThrough, submission, result.nextHop)
    } else {
      count { $0.refused += 1 }
      log(.error, .refused, submission, answer.description)
    }
    return answer
  }

  private func count(_ step: (inout Counts) -> Void) { state.withLock { step(&$0) } }

  private func log(_ level: Logger.Level, _ event: LogVerb, _ submission: Submission, _ reason: String) {
    logger.event(
      level, event,
      [
        .id: "\(submission.id)", .sender: "<\(submission.envelope.sender)>", .size: "\(submission.message.count)",
        .reason: reason,
      ])
  }
}

/// The reply to the client for a mail that was handed directly to the next hop.
enum CutThrough {
  /// Returns the reply. Only a mail that every recipient got is done. A mail that some recipients got is refused for
  /// now: they get it twice when the client tries again, which is better than that the others never get it.
  static func reply(to outcomes: [DeliveryOutcome], id: QueueID) -> Reply {
    var permanent: String?
    for outcome in outcomes {
      switch outcome {
      case .delivered: continue
      case .deferred: return later
      case .rejected(let reason, _): permanent = reason
      }
    }
    guard let permanent else { return Reply(250, EnhancedStatusCode(2, 0, 0), "sent on as \(id)") }
    let isUnanimous = outcomes.allSatisfy { if case .rejected = $0 { true } else { false } }
    return isUnanimous ? Reply(554, EnhancedStatusCode(5, 0, 0), permanent) : later
  }

  static let later = Reply(451, EnhancedStatusCode(4, 3, 0), "cannot store the message now, try again later")
}
