import DedupConfig
import DedupCore
import DedupStore
import Dispatch
import EventLog
import Fingerprint
import HostSystem
import Logging
import MailMessage
import SMTPProtocol
import SMTPServer

/// The handler that takes a complete transaction to the commit point: judge, decide, make durable, answer.
///
/// It runs on the event loop of the connection up to the store's queue. The store's thread judges all mails of a batch
/// in a row; that is linear in their size, so it is not held up. A large mail is read and judged off both threads, one
/// at a time, so that memory does not grow with their number.
final class Intake: TransactionHandler {
  private let reader: Live<ReportReader>
  private let store: any MailStore
  private let safetyNet: SafetyNet
  private let pacing: ReplyPacing
  private let hostname: String
  private let logger: Logger
  private let large = DispatchQueue(label: "maildedup.large-mail")
  /// The largest size in octets of a mail that is judged on the thread that commits. Judging a larger one may take more
  /// than about a millisecond, if it was written to that end, and other mails on that thread would wait for it.
  private static let largeMail = 32 * 1024

  /// Creates the handler.
  ///
  /// - Parameters:
  ///   - reader: Judges, with the rules of the admin.
  ///   - safetyNet: Takes what the store cannot.
  ///   - pacing: Answers mail that is held back.
  ///   - hostname: Our name in `Received:`.
  init(
    store: any MailStore, reader: Live<ReportReader> = Live(ReportReader()), safetyNet: SafetyNet,
    pacing: ReplyPacing = ReplyPacing(), hostname: String, logger: Logger
  ) {
    self.store = store
    self.reader = reader
    self.safetyNet = safetyNet
    self.pacing = pacing
    self.hostname = hostname
    self.logger = logger
  }

  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void) {
    if transaction.message.tail != nil { return large.async { [self] in judgeLarge(transaction, reply) } }
    let transaction = transaction.seamed(before: transaction.message.head)
    let judge = { @Sendable [self] in judged(transaction.message.head, transaction.envelope) }
    guard transaction.message.count > Self.largeMail else { return accept(transaction, judge: judge, reply) }
    large.async { [self] in
      let judged = judge()
      accept(transaction, judge: { judged }, reply)
    }
  }

  /// Judges a large mail. A report continues in memory, where its first mail is explained and kept; other mail stays in
  /// its file.
  private func judgeLarge(_ transaction: Transaction, _ reply: @escaping @Sendable (Reply) -> Void) {
    do {
      let octets = try transaction.message.octets()
      let judged = judged(octets, transaction.envelope)
      var transaction = transaction
      if case .report = judged { transaction.message = Message(octets) }
      transaction = transaction.seamed(before: octets)
      accept(transaction, judge: { judged }, reply)
    } catch {
      logger.event(.error, .unreadable, [.session: "\(transaction.client.session)", .error: "\(error)"])
      reply(Reply(451, EnhancedStatusCode(4, 3, 0), "the message was lost on the disk, try again later"))
    }
  }

  private func accept(
    _ transaction: Transaction, judge: @escaping @Sendable () -> Judged, _ reply: @escaping @Sendable (Reply) -> Void
  ) {
    let submission = submission(for: transaction, judge)
    store.accept(submission) { [logger, safetyNet, pacing] judged, result in
      if case .pass = judged { pacing.noteOtherMail() }
      switch result {
      case .success(let verdict):
        if verdict.isForward { safetyNet.noteRoom() }
        let answer = Self.reply(to: verdict, id: submission.id)
        Self.log(verdict, judged, of: submission, from: transaction, answer, to: logger)
        if verdict.isForward { reply(answer) } else { pacing.give { reply(answer) } }
      case .failure(let failure): safetyNet.take(submission, judged, because: failure, reply: reply)
      }
    }
  }

  /// Judges a mail of the emergency spool.
  func judge(_ mail: EmergencySpool.Mail) -> Judged { judged(mail.message, mail.envelope) }

  private func judged(_ message: [UInt8], _ envelope: Envelope) -> Judged {
    Judged(reader.value.judge(message) { [store] in store.packages(of: envelope) }, envelope: envelope)
  }

  private func submission(for transaction: Transaction, _ judge: @escaping @Sendable () -> Judged) -> Submission {
    let now = WallClock.now()
    let id = QueueIDs.next(at: now)
    let envelope = transaction.envelope
    return Submission(
      id: id, receivedAt: now, envelope: envelope,
      received: { [hostname] in Self.received(from: transaction.client, by: hostname, id, for: envelope, at: now) },
      message: transaction.message, judge: judge)
  }

  private static func received(
    from client: Transaction.Client, by hostname: String, _ id: QueueID, for envelope: Envelope, at time: Timestamp
  ) -> [UInt8] {
    TraceHeader.received(
      helo: client.helo, address: client.address, by: hostname, transmission: client.transmission, id: id.description,
      recipients: envelope.recipients,
      date: CivilTime(secondsSinceEpoch: time.seconds, offsetMinutes: LocalTime.offset(at: time) / 60))
  }

  private static func reply(to verdict: Verdict, id: QueueID) -> Reply {
    let text =
      switch verdict {
      case .forward: "queued as \(id)"
      case .suppress(_, let count): "counted as \(id), \(count.heldBack) held back"
      }
    return Reply(250, EnhancedStatusCode(2, 0, 0), text)
  }

  private static func log(
    _ verdict: Verdict, _ judged: Judged, of submission: Submission, from transaction: Transaction, _ answer: Reply,
    to logger: Logger
  ) {
    let (client, mended) = (transaction.client, transaction.mended)
    let recipients = submission.envelope.recipients
    var fields: LogFields = [
      .id: submission.id.description, .session: client.session, .client: client.address,
      .sender: "<" + submission.envelope.sender.text + ">",
      .recipient: "<" + recipients.map(\.text).joined(separator: ">,<") + ">",
      .size: String(submission.message.count), .reason: verdict.reason, .reply: answer.description,
    ]
    fields[.user] = client.user
    if !mended.isEmpty { fields[.mended] = mended.description }
    if let occurrence = judged.occurrence {
      fields[.fingerprint] = "\(occurrence.fingerprint)"
      fields[.site] = occurrence.site.name
      fields[.rule] = occurrence.rule?.name
    }
    if case .suppress(_, let count) = verdict { fields[.heldBack] = "\(count.heldBack)" }
    logger.event(.info, verdict.isForward ? .queued : .suppressed, fields)
    if !mended.isEmpty { warn(ofMended: submission, mended, to: logger) }
  }

  /// Warns about signed mail that was repaired. A signature holds for the signed octets, and those could not be passed
  /// on.
  private static func warn(ofMended submission: Submission, _ mended: Mended, to logger: Logger) {
    guard let start = try? submission.message.prefix(HeaderEdit.longestHeader), HeaderEdit.isSigned(start) else {
      return
    }
    logger.event(
      .warning, .signedMailMended,
      [
        .id: "\(submission.id)", .sender: "<\(submission.envelope.sender)>", .mended: "\(mended)",
        .reason: "octets that no mail may have were replaced; its signature may not hold any more",
      ])
  }
}

extension Transaction {
  /// Returns the transaction with a seam that keeps the first line of the message out of our trace fields.
  fileprivate func seamed(before octets: [UInt8]) -> Transaction {
    let seam = HeaderSeam.octets(before: octets)
    if seam.isEmpty { return self }
    var transaction = self
    transaction.message = message.prepending(seam)
    return transaction
  }
}
