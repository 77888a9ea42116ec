import DedupCore
package import SMTPProtocol

/// The way of one mail through one or more transactions, as a value: what each transaction came to goes in, the next one
/// comes out.
///
/// - Who was refused for want of room in a transaction goes in the next one at once, on the same connection.
/// - Whatever a connection took along when it ended goes over a fresh one at once, unless the message may have been
///   taken.
/// - A recipient whose RCPT ended two connections, or a mail that did, is given up for now; the other recipients go on
///   without it.
/// - Recipients that did so before go last, each alone on a fresh connection.
package struct MailTransactions {
  package struct Batch: Hashable, Sendable {
    /// Of the recipients of the mail.
    package var recipients: [Int]
    /// It needs a connection that carried nothing before.
    package var needsFreshConnection: Bool
    /// It ended connections before, and is to harm nobody else.
    package var isAlone: Bool
  }

  /// What a transaction showed beside its outcomes.
  package struct Lessons: Hashable, Sendable {
    /// The host answered what it was asked, in whatever way.
    package var hostWorked = false
    /// What it has against all mail.
    package var hostTrouble: Trouble?
    /// Recipients that it took in a transaction that it refused more of.
    package var mostRecipients: Int?
    /// Recipients that it took.
    package var takenRecipients = 0
    /// The connection ended although it had worked.
    package var endedUsedConnection = false
    /// The mail ended fresh connections, or was told that the host has a trouble: one of that kind is its own trouble, several
    /// in a row are the host's.
    package var strikesHost: Trouble?
    /// That says nothing of the host as long as all such mails are for one domain.
    package var needsDomains = false
    /// Who did; nil: the mail.
    package var struckRecipient: Int?
    package var strikes = 0
    package var delivered: [Int] = []
  }

  package private(set) var outcomes: [ClientSession.Outcome?]
  /// Whether a host was asked about the mail at all.
  package private(set) var wasOffered = false
  /// The host wanted less of us.
  package private(set) var isThrottled = false
  /// What it was deferred for may be the host's trouble.
  package private(set) var mayBeHost = false
  /// The message was sent, and the connection lost before the answer.
  package private(set) var lostAnswer = false
  private let suspects: Set<Int>
  private let isSuspect: Bool
  /// Why the host that is asked now is not asked for these any more.
  private var refused: [Int: Trouble] = [:]
  private var strikes: [Int: Int] = [:]
  private var mailStrikes = 0
  private var needsFreshConnection = false
  /// Recipients that go in one transaction, since one more ended the connection.
  private var most = Int.max
  private var transactions = 0

  /// - Parameters:
  ///   - suspects: the recipients that ended connections before.
  ///   - isSuspect: whether the mail did.
  package init(recipients: Int, suspects: Set<Int> = [], isSuspect: Bool = false) {
    outcomes = Array(repeating: nil, count: recipients)
    self.suspects = suspects
    self.isSuspect = isSuspect
    askAnotherHost()
  }

  /// Those without an outcome.
  package var open: [Int] { outcomes.indices.filter { outcomes[$0] == nil } }

  /// Each is asked once more there, with what the one before was asked in vain.
  package mutating func askAnotherHost() {
    refused = [:]
    // One more end of a connection is enough for those that ended one before.
    strikes = Dictionary(uniqueKeysWithValues: suspects.union(strikes.keys).map { ($0, Suspects.enough - 1) })
    mailStrikes = isSuspect || mailStrikes > 0 ? Suspects.enough - 1 : 0
    (needsFreshConnection, most, transactions) = (false, .max, 0)
  }

  /// The next transaction; nil when there is nothing more to ask this host.
  ///
  /// - Parameter limit: recipients in one.
  package func next(limit: Int) -> Batch? {
    // Each transaction decides something or ends a connection, and those are counted; this is for what we did not think of.
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
        // Too many for this message: half of them at once, and no more than that from now on.
        most = delivery.accepted / 2
        lessons.mostRecipients = most
        (wasOffered, lessons.hostWorked) = (true, true)
      }
    }
    for (position, index) in batch.recipients.enumerated() where !undecided.contains(position) {
      settle(index, delivery.outcomes[position], &lessons)
    }
    if delivery.outcomes.endWithTooMany { lessons.mostRecipients = delivery.accepted }
    if let end = delivery.end { ended(end, delivery, batch, &lessons) }
    if let trouble = lessons.hostTrouble {
      wasOffered = true
      isThrottled = isThrottled || trouble.isThrottle
      lessons.hostWorked = false
    }
    return lessons
  }

  private mutating func settle(_ index: Int, _ outcome: ClientSession.Outcome, _ lessons: inout Lessons) {
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
    // The one that seemed to end connections was only one too many.
    if strikes[index] != nil, most < .max, !suspects.contains(index) { lessons.mostRecipients = most }
    outcomes[index] = outcome
    wasOffered = true
    if case .failed(let trouble) = outcome, trouble.isThrottle || trouble.isAboutSystem {
      mayBeHost = true
      lessons.strikesHost = trouble
      lessons.needsDomains = !trouble.isThrottle && trouble.subject == .recipient
    } else {
      lessons.hostWorked = true
    }
  }

  /// The connection ended, and left recipients undecided.
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

  /// The server says that it gets too much: that is no fault of the recipient. Behind others it may be one too many.
  private mutating func slowDown(_ index: Int, _ trouble: Trouble, isFirst: Bool, _ lessons: inout Lessons) {
    guard isFirst else { return strikes[index, default: 0] += 0 }
    outcomes[index] = .failed(trouble)
    (wasOffered, mayBeHost) = (true, true)
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

  /// Offering it once more could make two mails of it.
  private mutating func giveUp(_ indices: [Int], _ trouble: Trouble, _ lessons: inout Lessons) {
    for index in indices { outcomes[index] = .failed(trouble) }
    wasOffered = true
    lostAnswer = trouble.isRepeatable
    if trouble.subject != .connection {
      lessons.strikesHost = trouble
      lessons.strikes = 1
    }
  }

  /// Why the host that was asked is of no use for those that are open; nil: it said nothing of them.
  package var lastRefusal: Trouble? { open.compactMap { refused[$0] }.first }

  /// What becomes of each recipient: those that are open share `trouble`, unless the host said more of them.
  package func results(otherwise trouble: Trouble) -> [ClientSession.Outcome] {
    outcomes.indices.map { outcomes[$0] ?? .failed(refused[$0] ?? trouble) }
  }
}

extension ClientSession.Outcome {
  /// The message was refused for the number of its recipients (x.5.3), which some tell only then.
  fileprivate var refusesSoMany: Bool {
    guard case .failed(let trouble) = self, trouble.step == .message, let status = trouble.status else { return false }
    return status.subject == 5 && status.detail == 3
  }
}

extension [ClientSession.Outcome] {
  /// Whether the last one was one too many: who takes some behind those that he refuses does not count them.
  fileprivate var endWithTooMany: Bool {
    guard case .failed(let trouble)? = last else { return false }
    return trouble.countsRecipients && trouble.subject == .transaction
  }
}
