import DedupCore
import MailMessage

/// The outcome of an attempt for an entry, and the mails that follow from it.
struct Settling: Sendable {
  var settlement: Settlement
  /// The clock at the time of the attempt, as far as the store knows it; nil if it does not.
  var at: Timestamp?
  /// A bounce or a delay notice; nil if none is sent.
  var notice: OwnMail?
  var delayNoticeSent: Bool
  /// The bounces to report in the next digest of bounces.
  var gathered: [GatheredBounce] = []
}

extension Batch {
  /// Carries out a settlement. A settlement of an entry that is gone sends nothing, not even its bounce: the mail was
  /// deleted during the attempt, or the settlement was carried out before.
  func settle(_ settling: Settling, noticeFile: BodyFile?) throws {
    let settlement = settling.settlement
    guard let facts = try unchanged.take(settlement.entry) ?? QueueTable.facts(settlement.entry, db) else {
      noticeFile.map { effects.orphans.append($0.name) }
      // It was sent all the same.
      for departures in settlement.departures { try DepartureTable.add(departures, db) }
      return
    }
    let open = settlement.open(of: facts.recipients)
    if open.isEmpty {
      let digested = settlement.reopensWindow ? try DigestTable.opened(by: settlement.entry, db) : []
      let place = settlement.returnsPlace ? try SentTable.Place.find(settlement.entry, db) : nil
      try QueueTable.delete(settlement.entry, db)
      facts.file.map { effects.orphans.append($0) }
      if settlement.reopensWindow {
        try reopen(
          digested + [facts.opened].compactMap { $0 }, of: settlement.entry, rejectedAt: settlement.rejectedAt)
      }
      if let place { try giveBack(place) }
    } else {
      try QueueTable.update(
        settlement, recipients: facts.recipients, open: open,
        scheduledAt: settling.at.map { min($0, settlement.nextAttempt) },
        delayNoticeSent: settling.delayNoticeSent, db)
    }
    if let notice = settling.notice { try enqueue(notice, file: noticeFile) }
    for departures in settlement.departures { try DepartureTable.add(departures, db) }
    for bounce in settling.gathered { try GatheredBounces.note(bounce, db) }
  }

  /// Gives the storm cap room for one more mail in place of one that no recipient got.
  private func giveBack(_ place: SentTable.Place) throws {
    try windows.flushAndForget(db)
    try place.giveBack(db)
  }

  /// Allows the errors in the mail of `entry` to be reported again, since no recipient got it.
  ///
  /// - Parameter rejectedAt: see `WindowTable.reopen`.
  func reopen(_ windows: [QueueTable.OpenedWindow], of entry: QueueID, rejectedAt: Timestamp?) throws {
    if windows.isEmpty {
      try self.windows.flushAndForget(db)
      try DoubtTable.untell(entry, rejectedAt: rejectedAt, db)
    }
    for opened in windows {
      try self.windows.reopen(
        fingerprint: opened.fingerprint, start: opened.start, carried: opened.carried, rejectedAt: rejectedAt, db)
    }
  }
}

extension Settlement {
  /// Returns those of `recipients` that still wait: all but those with a final fate. This is not `remaining`, since the
  /// entry may have changed during the attempt: a recipient deleted meanwhile must not come back, and one that the
  /// attempt did not know of must not vanish. A recipient that is listed twice needs two fates.
  func open(of recipients: [QueueTable.Recipient]) -> [QueueTable.Recipient] {
    var done: [EmailAddress: Int] = [:]
    for recipient in delivered + failed.map(\.recipient) { done[recipient, default: 0] += 1 }
    return recipients.filter { recipient in
      guard let count = done[recipient.address], count > 0 else { return true }
      done[recipient.address] = count - 1
      return false
    }
  }
}
