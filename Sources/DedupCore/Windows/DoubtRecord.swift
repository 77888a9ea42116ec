/// The key under which doubtful reports are counted: their envelope, the reason for the doubt, and the type and place
/// of the error where those are certain.
package struct DoubtKey: Hashable, Sendable {
  /// The envelope of the reports, as `Site.envelopeKey(of:)`.
  package var envelope: String
  package var doubt: DoubtfulReport

  package init(envelope: String, _ doubt: DoubtfulReport) {
    self.envelope = envelope
    self.doubt = doubt
  }

  /// The largest number of keys of one envelope that have a count of their own within a window. In rare cases a visitor
  /// can choose the parts of a key, so all further keys share one.
  package static let mostOfEnvelope = 50
  /// The largest number of keys that are remembered for one envelope.
  package static let mostKnown = 1000

  /// Returns the key that stands for all keys beyond `mostOfEnvelope`.
  package static func others(of envelope: String) -> DoubtKey {
    DoubtKey(envelope: envelope, DoubtfulReport(reason: "others"))
  }

  /// Returns the key under which all forwarded doubtful reports of an envelope are counted together.
  package static func all(of envelope: String) -> DoubtKey { DoubtKey(envelope: envelope, DoubtfulReport(reason: "")) }
}

/// The history of the doubtful reports of one key.
package struct DoubtRecord: Hashable, Sendable {
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// The arrival of the mail that opened the current window.
  package var windowStart: Timestamp
  /// The number of mails forwarded in the current window.
  package var forwarded = 0
  /// The number of mails held back since the last digest about them.
  package var held = 0
  /// The number of mails ever seen.
  package var total = 0
  /// The number of mails held back that are no longer kept and that no digest has reported as such yet.
  package var dropped = 0
  /// The number of digests that reported these doubts.
  package var told = 0
  /// The time since which mails are held back that no digest has reported yet, or nil if there are none.
  package var awaitsDigestSince: Timestamp?

  package init(at now: Timestamp) { (firstSeen, lastSeen, windowStart) = (now, now, now) }

  /// Returns the record with one more mail, in a window of `length` that may begin with this mail.
  package func arriving(at now: Timestamp, window length: Duration) -> DoubtRecord {
    var next = self
    next.lastSeen = max(lastSeen, now)
    next.total = total.saturatingAdding(1)
    // A start in the future comes from a clock that was set back since.
    if !isOpen(at: now, window: length) { (next.windowStart, next.forwarded) = (now, 0) }
    return next
  }

  /// True if `now` lies in the current window.
  package func isOpen(at now: Timestamp, window length: Duration) -> Bool {
    let age = now.since(windowStart)
    return age < length && age >= .zero - min(WindowPolicy.tolerance, length)
  }

  /// Resets the counts of held mail after a digest has reported them.
  package mutating func isTold() {
    (held, dropped, awaitsDigestSince) = (0, 0, nil)
    told = told.saturatingAdding(1)
  }
}

extension WindowPolicy {
  /// Decides about a mail that may be an error report. A visitor of a site can cause any number of these, so only
  /// `WindowSettings.doubts` mails of each key are forwarded within a window, and no more than the storm cap allows for
  /// all doubts of an envelope. Mail that is held back is kept, and a digest reports it.
  ///
  /// Callers ask only about envelopes that have sent certain reports before. From any other envelope, each doubtful
  /// report is forwarded.
  ///
  /// - Parameters:
  ///   - record: the record of the mail's key so far.
  ///   - all: the record of the whole envelope so far (`DoubtKey.all`).
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

  /// True if doubtful reports are limited at all. An admin who wants all error mail wants these as well.
  package var boundsDoubts: Bool { settings.doubts > 0 && settings.length > .zero && settings.mode == .dedup }
}
