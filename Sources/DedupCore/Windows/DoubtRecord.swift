/// Tells doubtful reports apart that are counted apart: by their envelope, the reason of the doubt, and the type and
/// place where those are certain.
package struct DoubtKey: Hashable, Sendable {
  /// `Site.envelopeKey`.
  package var envelope: String
  package var doubt: DoubtfulReport

  package init(envelope: String, _ doubt: DoubtfulReport) {
    self.envelope = envelope
    self.doubt = doubt
  }

  /// Keys of one envelope that have a count of their own within a window. In odd cases a visitor may choose what they
  /// are made of, so all further ones share one.
  package static let mostOfEnvelope = 50
  /// Keys of one envelope that are remembered at all.
  package static let mostKnown = 1000

  /// Stands for all keys beyond `mostOfEnvelope`.
  package static func others(of envelope: String) -> DoubtKey {
    DoubtKey(envelope: envelope, DoubtfulReport(reason: "others"))
  }

  /// The key under which the doubtful reports of an envelope that were forwarded are counted together.
  package static func all(of envelope: String) -> DoubtKey { DoubtKey(envelope: envelope, DoubtfulReport(reason: "")) }
}

/// What is known of the doubts of one key.
package struct DoubtRecord: Hashable, Sendable {
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// When the mail came that opened the current window.
  package var windowStart: Timestamp
  /// Mails that went out in it.
  package var forwarded = 0
  /// Mails held back since a digest told of them last.
  package var held = 0
  /// Mails seen in all.
  package var total = 0
  /// Of those that `held` counts and earlier ones: mails that are not kept any more, and of which no digest told so.
  package var dropped = 0
  /// Digests that told of it.
  package var told = 0
  /// Since when mails are held back that no digest told of; nil: none are.
  package var awaitsDigestSince: Timestamp?

  package init(at now: Timestamp) { (firstSeen, lastSeen, windowStart) = (now, now, now) }

  /// The same with one more mail, in a window of `length` that may begin with it.
  package func arriving(at now: Timestamp, window length: Duration) -> DoubtRecord {
    var next = self
    next.lastSeen = max(lastSeen, now)
    next.total = total.saturatingAdding(1)
    // A start that is yet to come is that of a clock that was set back since.
    if !isOpen(at: now, window: length) { (next.windowStart, next.forwarded) = (now, 0) }
    return next
  }

  /// Whether `now` lies in its window.
  package func isOpen(at now: Timestamp, window length: Duration) -> Bool {
    let age = now.since(windowStart)
    return age < length && age >= .zero - min(WindowPolicy.tolerance, length)
  }

  /// What a digest does that tells of what is held back.
  package mutating func isTold() {
    (held, dropped, awaitsDigestSince) = (0, 0, nil)
    told = told.saturatingAdding(1)
  }
}

extension WindowPolicy {
  /// What becomes of a mail that may be an error report. A visitor of a site may cause as many of these as he likes, so
  /// only `WindowSettings.doubts` of each key go out within a window, and no more than the storm cap of all doubts of an
  /// envelope. What is held back is kept, and a digest tells of it.
  ///
  /// Asked only where the envelope has sent certain reports before: elsewhere each one goes out.
  ///
  /// - Parameters:
  ///   - record: what was known of its key.
  ///   - all: what was known of the envelope as a whole (`DoubtKey.all`).
  package func decide(
    _ doubt: DoubtfulReport, _ record: DoubtRecord?, all: DoubtRecord?, now: Timestamp
  ) -> (verdict: Verdict, record: DoubtRecord, all: DoubtRecord) {
    var next = (record ?? DoubtRecord(at: now)).arriving(at: now, window: settings.length)
    var whole = (all ?? DoubtRecord(at: now)).arriving(at: now, window: StormCap.period)
    let isCapped = settings.hourlyForwards > 0 && whole.forwarded >= settings.hourlyForwards
    guard isCapped || next.forwarded >= settings.doubts else {
      next.forwarded += 1
      whole.forwarded += 1
      return (.forward(.doubt(doubt.reason), nil), next, whole)
    }
    next.held = next.held.saturatingAdding(1)
    next.awaitsDigestSince = next.awaitsDigestSince ?? now
    let count = RunningCount(heldBack: next.held, total: next.total, since: next.firstSeen)
    return (.suppress(.doubtFlood, count), next, whole)
  }

  /// Whether doubts are bounded at all: an admin who wants all error mail wants these as well.
  package var boundsDoubts: Bool { settings.doubts > 0 && settings.length > .zero && settings.mode == .dedup }
}
