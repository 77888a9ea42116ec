import DedupCore

// Mails that may be error reports.
extension Replay {
  mutating func decide(_ doubt: DoubtfulReport, _ row: Int, at now: Timestamp) -> Verdict {
    guard policy.boundsDoubts, envelopes[row].errors > 0 else {
      note(ReplayEvent(at: now, what: .doubtful(doubt.reason)))
      return .forward(.doubt(doubt.reason), nil)
    }
    let envelope = envelopes[row]
    let key = envelope.key(of: doubt, window: policy.settings.length, at: now)
    let decision = policy.decide(doubt, envelope.doubts[key], all: envelope.allDoubts, now: now)
    if decision.verdict.isForward {
      note(ReplayEvent(at: now, what: .doubtful(doubt.reason)))
    } else {
      totals.heldBack[decision.verdict.reason, default: 0] += 1
      if !envelope.waits { due.add(.doubtDigest(row), at: now.advanced(by: StormCap.digestEvery)) }
    }
    (envelopes[row].doubts[key], envelopes[row].allDoubts) = (decision.record, decision.all)
    return decision.verdict
  }

  mutating func sendDoubtDigest(of row: Int, at now: Timestamp) {
    guard envelopes[row].waits else { return }
    note(ReplayEvent(at: now, what: .digest))
    for key in envelopes[row].doubts.keys where envelopes[row].doubts[key]?.awaitsDigestSince != nil {
      envelopes[row].doubts[key]?.isTold()
    }
  }
}

/// One envelope (sender and recipients) of a replay, with the state that limits its sites and doubts.
struct ReplayedEnvelope: Sendable {
  /// The key of the envelope, as `Site.envelopeKey`.
  let key: String
  let sender: String
  /// The indices of its sites in `Replay.sites`, except that of `joined`.
  var sites: [Int] = []
  /// The index of the site that stands for the sites that joined, or nil if none did.
  var joined: Int?
  var errors = 0
  var doubts: [DoubtKey: DoubtRecord] = [:]
  var allDoubts: DoubtRecord?

  init(key: String, sender: String) { (self.key, self.sender) = (key, sender) }

  /// True if doubts wait for a digest.
  var waits: Bool { doubts.values.contains { $0.awaitsDigestSince != nil } }

  /// Returns the key under which a doubt is counted.
  func key(of doubt: DoubtfulReport, window length: Duration, at now: Timestamp) -> DoubtKey {
    let own = DoubtKey(envelope: key, doubt)
    if doubts[own] != nil { return own }
    let known = doubts.filter { $0.key != .others(of: key) }
    let isOneTooMany =
      known.count >= DoubtKey.mostKnown
      || known.values.count { $0.isOpen(at: now, window: length) } >= DoubtKey.mostOfEnvelope
    return isOneTooMany ? .others(of: key) : own
  }
}
