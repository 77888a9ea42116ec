import DedupCore
import EventLog
import Logging
import MailMessage
import NIOCore
import SMTPProtocol

/// The choice of the host that gets a mail, and of the transactions.
extension SMTPTransport {
  struct Host {
    let link: SmarthostLink
    var limits: HostLimits
    var health = HostHealth()
    /// The latest failure of the host, or nil if it works.
    var trouble: Trouble?
    /// The time until which the host gets mail in the clear because TLS failed, or nil if it does not.
    var withoutTLSUntil: Duration?
    /// Connections without a mail, the most recently used one last; the others are left to time out.
    var idle: [Kept] = []
    /// Connections that sent QUIT; the host counts them until they are closed.
    var leaving: [SmarthostConnection] = []

    init(link: SmarthostLink, limits: HostLimits) {
      self.link = link
      self.limits = limits
    }
  }

  struct Kept {
    let connection: SmarthostConnection
    var mails = 0
    /// The time of its last use.
    var usedAt: Duration
  }

  /// A mail to be delivered.
  struct Offer {
    let envelope: Envelope
    let message: Message
    let id: QueueID
    let isEightBit: Bool
    /// True if the header is not ASCII and the client announced that (RFC 6531).
    let needsSMTPUTF8: Bool
    let parties: MailParties

    init(_ envelope: Envelope, _ message: Message, _ id: QueueID) {
      self.envelope = envelope
      self.message = message
      self.id = id
      isEightBit = message.isEightBit
      parties = MailParties(sender: envelope.sender, domains: Set(envelope.recipients.map(\.domain)))
      needsSMTPUTF8 = envelope.usesSMTPUTF8 && isEightBit && message.hasEightBitHeader
    }

    func job(for batch: MailTransactions.Batch) -> ClientSession.Job {
      var envelope = envelope
      envelope.recipients = batch.recipients.map { self.envelope.recipients[$0] }
      var job = ClientSession.Job(envelope: envelope, size: message.count, isEightBit: isEightBit)
      job.needsSMTPUTF8 = needsSMTPUTF8
      return job
    }
  }

  /// The largest number of suspects sent at the same time; further ones are put off.
  private var mostAlone: Int { max(1, settings.connections / 5) }
  private static let suspectPause = Duration.seconds(10)
  /// The longest time after which a refused connection counts as one too many. A host that has enough connections says
  /// so at once; a slower refusal has another cause.
  private static let refusalTime = Duration.seconds(5)

  var areAllDown: Bool { hosts.allSatisfy { $0.health.failure != nil } }

  /// Returns true if the host may be asked now.
  ///
  /// - Parameter mail: The mail that is to go; nil means any mail.
  func isUsable(_ index: Int, for mail: MailParties? = nil) -> Bool {
    hosts[index].health.isUsable(at: clock(), settings.rests, isOnlyWay: areAllDown, for: mail)
  }

  /// Returns true if another host may be asked instead of this one.
  func hasAlternative(to index: Int) -> Bool { hosts.indices.contains { $0 != index && isUsable($0) } }

  func send(_ offer: Offer) async -> DeliveryResult {
    var mail = transactions(of: offer)
    let isAlone = mail.next(limit: 1)?.isAlone == true
    if isAlone {
      guard alone < mostAlone else { return putOff(offer) }
      alone += 1
    }
    defer { if isAlone { alone -= 1 } }
    let closedFor = hosts.compactMap(\.health.failure).map { clock() - $0.since }.min()
    var first: (trouble: Trouble, host: Int)?
    var taker: Int?
    for index in hosts.indices where isUsable(index, for: offer.parties) && !mail.open.isEmpty && !isShutDown {
      if first != nil { mail.askAnotherHost() }
      let trouble = await hand(offer, &mail, to: index)
      if mail.wasOffered { taker = taker ?? index }
      if let trouble = trouble ?? mail.lastRefusal, first == nil { first = (trouble, index) }
    }
    // The trouble of the preferred host is the one reported.
    let resting = hosts.indices.first { hosts[$0].trouble != nil } ?? 0
    let trouble = first?.trouble ?? hosts[resting].trouble?.whileResting ?? .unreachable("the next hop rests")
    let host = mail.open.isEmpty ? taker : first?.host
    var result = DeliveryResult(
      mail.results(otherwise: trouble).map(\.outcome), remote: hosts[host ?? resting].link.smarthost)
    result.wasOffered = mail.wasOffered
    result.isThrottled = mail.isThrottled
    result.isRateLimited = mail.isRateLimited
    let isDeferred = result.outcomes.contains { if case .deferred = $0 { true } else { false } }
    // Too much at the same time is no matter of the pace.
    let throttle = mail.throttle.flatMap { $0.countsConnections ? nil : $0 }
    result.slowed = isDeferred ? throttle?.blames(offer.parties) : nil
    result.lostAnswer = mail.lostAnswer
    result.awaitsNextHop = mail.lostAnswer || mail.mayBeHost || !mail.open.isEmpty && mail.lastRefusal == nil
    result.closedFor = areAllDown ? closedFor : nil
    return result
  }

  private func transactions(of offer: Offer) -> MailTransactions {
    guard !suspects.isEmpty else { return MailTransactions(recipients: offer.envelope.recipients.count) }
    let now = clock()
    let recipients = offer.envelope.recipients
    return MailTransactions(
      recipients: recipients.count,
      suspects: Set(recipients.indices.filter { suspects.isSuspect(.recipient(recipients[$0]), at: now) }),
      isSuspect: suspects.isSuspect(.mail(offer.id), at: now))
  }

  private func putOff(_ offer: Offer) -> DeliveryResult {
    let reason = "it ended connections before, and waits until others like it are done"
    var result = DeliveryResult(
      offer.envelope.recipients.map { _ in .deferred(reason: reason) }, remote: hosts[0].link.smarthost)
    (result.wasOffered, result.pause) = (false, Self.suspectPause)
    return result
  }

  /// Offers to one host everything that has no outcome yet.
  ///
  /// - Returns: The reason why the host is of no use, or nil if it answered or the mail is at fault.
  private func hand(_ offer: Offer, _ mail: inout MailTransactions, to index: Int) async -> Trouble? {
    var patience = 3
    while !Task.isCancelled, let batch = mail.next(limit: hosts[index].limits.recipientsPerTransaction.value) {
      let kept: Kept
      let begun = clock()
      do throws(Trouble) { kept = try await connection(to: index, isFresh: batch.needsFreshConnection) } catch {
        if Task.isCancelled || isShutDown { return error }
        if patience > 0, clock() - begun < Self.refusalTime, isOneTooMany(error, at: index) {
          patience -= 1
          guard await enterAgain(), isUsable(index, for: offer.parties) else { return error }
          await waitForLeave(from: index)
          continue
        }
        note(error, of: index)
        return error
      }
      let sent = await form(of: offer, for: kept.connection)
      let delivery = await carry(sent.job(for: batch), sent.message, on: kept, to: index)
      let lessons = mail.took(delivery, batch)
      learn(lessons, offer, kept, batch, from: index)
      if let trouble = lessons.hostTrouble {
        fault(trouble, offer.parties, at: index)
        return trouble
      }
    }
    return Task.isCancelled ? .lost(at: .mail, after: .worked) : nil
  }

  private func learn(
    _ lessons: MailTransactions.Lessons, _ offer: Offer, _ kept: Kept, _ batch: MailTransactions.Batch, from index: Int
  ) {
    let recipients = offer.envelope.recipients
    if lessons.hostWorked {
      let domains = Set(batch.recipients.map { recipients[$0].domain })
      worked(index, for: MailParties(sender: offer.envelope.sender, domains: domains))
    }
    if let most = lessons.mostRecipients {
      hosts[index].limits.recipientsRefused(after: most)
    } else if !lessons.delivered.isEmpty {
      hosts[index].limits.recipientsTaken(lessons.takenRecipients)
      hosts[index].limits.worked(withOpen: openConnections(to: index))
    }
    if lessons.endedUsedConnection, clock() - kept.usedAt < .seconds(1) {
      hosts[index].limits.connectionEnded(afterMails: kept.mails)
    }
    if lessons.strikes > 0 {
      let who = lessons.struckRecipient.map { Suspects.Who.recipient(recipients[$0]) } ?? .mail(offer.id)
      suspects.strike(who, lessons.strikes, at: clock())
    }
    publish()
    if !suspects.isEmpty {
      for recipient in lessons.delivered { suspects.clear(.recipient(recipients[recipient])) }
    }
    // A mail that ended connections before says nothing new about the host.
    if !lessons.hostWorked, !batch.isAlone, let trouble = lessons.strikesHost {
      let scope = trouble.blames(offer.parties)
      judge(hosts[index].health.struck(scope, needsDomains: lessons.needsDomains, at: clock()), trouble, at: index)
    }
  }

  /// Records that the host is of no use for a mail. What it says about a sender or a message may concern mail of the
  /// same sender, or to the same domains, only.
  private func fault(_ trouble: Trouble, _ mail: MailParties, at index: Int) {
    guard trouble.isReply, trouble.isThrottle, trouble.step.isAboutTheMail else { return note(trouble, of: index) }
    judge(hosts[index].health.throttled(trouble.blames(mail)), trouble, at: index)
  }

  private func judge(_ verdict: HostHealth.Verdict, _ trouble: Trouble, at index: Int) {
    switch verdict {
    case .mails: break
    case .scope(let scope): note(trouble, of: index, for: scope)
    case .host: note(trouble, of: index)
    }
  }

  /// Records that the host accepted a connection or, with its parties, a mail.
  func worked(_ index: Int, for mail: MailParties? = nil) {
    if let failure = hosts[index].health.failure {
      let lasted = (clock() - failure.since).components
      logger.event(
        .notice, .smarthostWorks, [.nextHop: "\(hosts[index].link.smarthost)", .failedFor: "\(lasted.seconds) s"])
      hosts[index].trouble = nil
    }
    if let mail { hosts[index].health.worked(for: mail, at: clock()) } else { hosts[index].health.worked() }
    publish()
  }

  /// Records a failure of the host.
  ///
  /// - Parameter scope: The only mail that the failure concerns, as far as is known; nil means all mail.
  func note(_ trouble: Trouble, of index: Int, for scope: MailScope? = nil) {
    let kind = HostFailure.Kind(trouble)
    var failure = HostFailure(kind, trouble.description, isProvenByConnection: trouble.step.isOpening, scope: scope)
    // A 421 alone may as well be a server that crashed over a mail, except at MAIL.
    failure.isThrottle = trouble.saysThrottle || trouble.isThrottle && trouble.step == .mail
    let isNews = hosts[index].health.failed(failure, at: clock(), settings.rests, isOnlyWay: areAllDown)
    if kind == .unreachable { hosts[index].limits.hostFailed() }
    hosts[index].trouble = trouble
    publish()
    // Logged once for each kind of failure and not for each mail. What only an admin can fix is logged as an error.
    guard isNews else { return }
    logger.event(
      trouble.needsAdmin ? .error : .warning, .smarthostFailed,
      [.nextHop: "\(hosts[index].link.smarthost)", .reason: "\(trouble)"])
  }
}

extension Trouble {
  /// Returns whom a refusal of the mail may be about instead of the host: at MAIL no recipient is known yet.
  fileprivate func blames(_ mail: MailParties) -> MailScope {
    step == .mail ? .from([mail.sender]) : .to(mail.domains)
  }
}

extension HostFailure.Kind {
  init(_ trouble: Trouble) {
    if trouble.needsAdmin {
      self = .needsAdmin
    } else if !trouble.step.isOpening {
      self = .throttling
    } else {
      self = !trouble.isReply ? .unreachable : trouble.step == .authentication ? .login : .refusing
    }
  }
}
