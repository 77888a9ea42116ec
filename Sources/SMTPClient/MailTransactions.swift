import DedupCore
package import SMTPProtocol

/// The path of one mail through one or more transactions, as a value: the result of each transaction goes in, the next
/// one comes out.
///
/// - A recipient that was refused in a transaction for lack of room goes into the next one at once, on the same
///   connection.
/// - Whatever was still open on a connection that ended goes over a fresh one at once, unless the server may have taken
///   the message.
/// - A recipient whose RCPT ended two connections, or a mail that did, is given up for now; the other recipients go on
///   without it.
/// - Recipients that ended connections earlier go last, each alone on a fresh connection.
package struct MailTransactions {
  package struct Batch: Hashable, Sendable {
    /// The recipients of this transaction, as indices into those of the mail.
    package var recipients: [Int]
    /// True if the transaction needs a connection that has carried nothing before.
    package var needsFreshConnection: Bool
    /// True if the mail or its recipient ended connections before, so that it must not harm any other.
    package var isAlone: Bool
  }

  /// Facts that a transaction revealed in addition to its outcomes.
  package struct Lessons: Hashable, Sendable {
    /// True if the host answered what it was asked, with whatever reply.
    package var hostWorked = false
    /// The host's trouble with all mail, or nil if there is none.
    package var hostTrouble: Trouble?
    /// The number of recipients that the host accepted in a transaction in which it refused further ones for their
    /// number, or nil if it showed no such limit.
    package var mostRecipients: Int?
    /// The number of recipients that the host accepted.
    var takenRecipients = 0
    /// True if the connection ended although it had worked before.
    package var endedUsedConnection = false
    /// The trouble because of which the mail ended fresh connections or was told that the host has a problem, or nil.
    /// One such mail is its own problem; several in a row are the host's.
    package var strikesHost: Trouble?
    /// True if `strikesHost` says nothing about the host as long as all such mails are for one domain.
    package var needsDomains = false
    /// The recipient that ended the connection; nil if it was the mail.
    package var struckRecipient: Int?
    package var strikes = 0
    package var delivered: [Int] = []
  }

  package private(set) var outcomes: [ClientSession.Outcome?]
  /// True if any host was asked about the mail.
  package private(set) var wasOffered = false
  /// True if the host wants less from us.
  package private(set) var isThrottled = false
  /// The first refusal of a recipient only because the host takes less at a time.
  package private(set) var throttle: Trouble?
  /// True if the reason of the deferral may be a problem of the host.
  package private(set) var mayBeHost = false
  /// True if the message was sent and the connection was lost before the reply.
  package private(set) var lostAnswer = false
  private let suspects: Set<Int>
  private let isSuspect: Bool
  /// The recipients that the current host is not asked for any more, with the reason.
  private var refused: [Int: Trouble] = [:]
  private var strikes: [Int: Int] = [:]
  private var mailStrikes = 0
  private var needsFreshConnection = false
  /// The largest number of recipients for one transaction, learned from one in which more were too many or ended the
  /// connection.
  private var most = Int.max
  private var transactions = 0

  /// Creates the state of a mail that was not offered to any host yet.
  ///
  /// - Parameters:
  ///   - suspects: The recipients that ended connections before.
  ///   - isSuspect: True if the mail ended connections before.
  package init(recipients: Int, suspects: Set<Int> = [], isSuspect: Bool = false) {
    outcomes = Array(repeating: nil, count: recipients)
    self.suspects = suspects
    self.isSuspect = isSuspect
    askAnotherHost()
  }

  package var isRateLimited: Bool { throttle != nil }

  /// The recipients without an outcome.
  package var open: [Int] { outcomes.indices.filter { outcomes[$0] == nil } }

  /// Turns to another host, which is asked once more for everything that the previous host was asked in vain.
  package mutating func askAnotherHost() {
    refused = [:]
    // Whatever ended a connection before is given up after ending one more.
    strikes = Dictionary(uniqueKeysWithValues: suspects.union(strikes.keys).map { ($0, Suspects.enough - 1) })
    mailStrikes = isSuspect || mailStrikes > 0 ? Suspects.enough - 1 : 0
    (needsFreshConnection, most, transactions) = (false, .max, 0)
  }

  /// Returns the next transaction, or nil if there is nothing more to ask this host.
  ///
  /// - Parameter limit: The largest number of recipients in one transaction.
  package func next(limit: Int) -> Batch? {
    // Each transaction decides something or ends a connection, and those are counted. This guards against the
    // unforeseen.
    guard transactions < 2 * outcomes.count + 8 else { return nil }
    let waiting = open.filter { refused[$0] == nil }
    let unsuspicious = waiting.filter { !suspects.contains($0) }
    if unsuspicious.isEmpty {
      return waiting.first.map { Batch(recipients: [$0], needsFreshConnection: true, isAlone: true) }
    }
    return Batch(
      recipients: Array(unsuspicious.prefix(max(1, min(limit, most)))),
      needsFreshConnection: needsFreshConnection || isSuspect, isAlone: isSuspect)
  }

  package mutating func took(_ delivery: ClientSession.Delivery, _ batch: Batch) -> Lessons {
    transactions += 1
    needsFreshConnection = false
    var lessons = Lessons(takenRecipients: delivery.accepted)
    var undecided = Set(delivery.end?.undecided ?? [])
    if delivery.accepted > 1, delivery.end == nil {
      undecided = Set(delivery.outcomes.indices.filter { delivery.outcomes[$0].refusesSoMany })
      if !undecided.isEmpty {
        // Too many for this message: half of them at once, and never more than that from now on.
        most = delivery.accepted / 2
        lessons.mostRecipients = most
        (wasOffered, lessons.hostWorked) = (true, true)
      }
    }
    for (position, index) in batch.recipients.enumerated() where !undecided.contains(position) {
      conclude(index, delivery.outcomes[position], &lessons)
    }
    if delivery.outcomes.endWithTooMany { lessons.mostRecipients = delivery.accepted }
    if let end = delivery.end { ended(end, delivery, batch, &lessons) }
    if let trouble = lessons.hostTrouble {
      wasOffered = true
      isThrottled = isThrottled || trouble.isThrottle
      if trouble.isThrottle { throttle = throttle ?? trouble }
      lessons.hostWorked = false
    }
    return lessons
  }

  private mutating func conclude(_ index: Int, _ outcome: ClientSession.Outcome, _ lessons: inout Lessons) {
    if case .failed(let trouble) = outcome {
      switch trouble.subject {
      case .transaction: return
      case .connection: return needsFreshConnection = true
      case .host: return lessons.hostTrouble = trouble
      case .message, .recipient: break
      }
    } else {
      lessons.delivered.append(index)
    }
    // The recipient that seemed to end connections was only one too many.
    if strikes[index] != nil, most < .max, !suspects.contains(index) { lessons.mostRecipients = most }
    outcomes[index] = outcome
    wasOffered = true
    if case .failed(let trouble) = outcome, trouble.isThrottle || trouble.isAboutSystem {
      mayBeHost = true
      if trouble.saysThrottle { throttle = throttle ?? trouble }
      lessons.strikesHost = trouble
      lessons.needsDomains = !trouble.isThrottle && trouble.subject == .recipient
    } else {
      lessons.hostWorked = true
    }
  }

  /// Takes account of the end of the connection, which left recipients undecided.
  private mutating func ended(
    _ end: ClientSession.Delivery.End, _ delivery: ClientSession.Delivery, _ batch: Batch, _ lessons: inout Lessons
  ) {
    let trouble = end.trouble
    let undecided = end.undecided.map { batch.recipients[$0] }
    let culprit = end.culprit.map { batch.recipients[$0] }
    lessons.endedUsedConnection = trouble.subject == .connection
    if trouble.isInDoubt { return giveUp(undecided, trouble, &lessons) }
    needsFreshConnection = true
    switch trouble.subject {
    case .host: lessons.hostTrouble = trouble
    case .transaction: break
    case .connection where trouble.isOutOfStep && culprit == nil: strikeMail(undecided, trouble, &lessons)
    case .connection: if let culprit, !trouble.saysThrottle { strike(culprit, trouble, &lessons) }
    case .recipient:
      if delivery.accepted > 0 { most = delivery.accepted }
      guard let culprit else { break }
      if trouble.saysThrottle {
        slowDown(culprit, trouble, isFirst: delivery.accepted == 0, &lessons)
      } else {
        strike(culprit, trouble, &lessons)
      }
    case .message: strikeMail(undecided, trouble, &lessons)
    }
  }

  private mutating func strikeMail(_ undecided: [Int], _ trouble: Trouble, _ lessons: inout Lessons) {
    mailStrikes += 1
    lessons.strikes = 1
    guard mailStrikes >= Suspects.enough || !trouble.isRepeatable else { return }
    wasOffered = true
    if trouble.subject != .connection { lessons.strikesHost = trouble }
    for index in undecided { refused[index] = trouble }
  }

  /// Defers a recipient because the server says that it gets too much, which is not the recipient's fault. After
  /// accepted recipients, it may only have been one too many.
  private mutating func slowDown(_ index: Int, _ trouble: Trouble, isFirst: Bool, _ lessons: inout Lessons) {
    guard isFirst else { return strikes[index, default: 0] += 0 }
    outcomes[index] = .failed(trouble)
    (wasOffered, mayBeHost, throttle) = (true, true, throttle ?? trouble)
    lessons.strikesHost = trouble
  }

  private mutating func strike(_ index: Int, _ trouble: Trouble, _ lessons: inout Lessons) {
    // A server that was silent for minutes is not asked again at once.
    let weight = trouble.isRepeatable ? 1 : Suspects.enough
    strikes[index, default: 0] += weight
    (lessons.struckRecipient, lessons.strikes) = (index, weight)
    if strikes[index, default: 0] >= Suspects.enough {
      wasOffered = true
      if trouble.subject != .connection { lessons.strikesHost = trouble }
      refused[index] = trouble
    }
  }

  /// Gives up the recipients with these indices: offering the message once more could deliver it twice.
  private mutating func giveUp(_ indices: [Int], _ trouble: Trouble, _ lessons: inout Lessons) {
    for index in indices { outcomes[index] = .failed(trouble) }
    wasOffered = true
    lostAnswer = trouble.isRepeatable
    if trouble.subject != .connection {
      lessons.strikesHost = trouble
      lessons.strikes = 1
    }
  }

  /// The reason why the host that was asked is of no use for the open recipients, or nil if it said nothing about them.
  package var lastRefusal: Trouble? { open.compactMap { refused[$0] }.first }

  /// Returns the outcome of each recipient. Open recipients share `trouble`, unless the host said something more
  /// specific.
  package func results(otherwise trouble: Trouble) -> [ClientSession.Outcome] {
    outcomes.indices.map { outcomes[$0] ?? .failed(refused[$0] ?? trouble) }
  }
}

extension ClientSession.Outcome {
  /// True if DATA or the message was refused for the number of its recipients (x.5.3), which some servers only report at
  /// that point.
  fileprivate var refusesSoMany: Bool {
    guard case .failed(let trouble) = self, trouble.step == .data || trouble.step == .message,
      let status = trouble.status
    else { return false }
    return status.subject == 5 && status.detail == 3
  }
}

extension [ClientSession.Outcome] {
  /// True if the last recipient was one too many. A server that accepts recipients after refused ones does not count
  /// those.
  fileprivate var endWithTooMany: Bool {
    guard case .failed(let trouble)? = last else { return false }
    return trouble.countsRecipients && trouble.subject == .transaction
  }
}
