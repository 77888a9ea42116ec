package import MailMessage

/// An error whose mail arrived while the store had no room for it, as it is written to the reserve.
package struct ReservedError: Hashable, Sendable, Codable {
  package var site: Site
  package var fingerprint: String
  /// The names that earlier versions of the recogniser gave to the error.
  package var previous: [String]
  package var variant: String
  package var title: String
  package var place: String
  package var kind: String
  package var rule: RuleEffect?
  package var envelope: Envelope
  /// The beginning of the header of its first mail, kept for Subject and Message-ID.
  package var head: [UInt8]

  /// The largest number of octets of the header that are kept.
  private static let longestHead = 4096

  package init(_ occurrence: Occurrence, of submission: Submission) {
    site = occurrence.site
    fingerprint = occurrence.fingerprint
    previous = occurrence.previous.all
    variant = occurrence.variant
    title = occurrence.title
    place = occurrence.place
    kind = occurrence.kind
    rule = occurrence.rule
    envelope = submission.envelope
    head = Array(HeaderEdit.header(of: submission.message.head).prefix(Self.longestHead))
  }

  package var occurrence: Occurrence {
    let previous = previous
    return Occurrence(
      site: site, fingerprint: fingerprint, previous: LateNames { previous }, variant: variant, title: title,
      place: place, kind: kind, rule: rule)
  }

  /// The key that identifies the error among the others in the reserve.
  package var key: Key { Key(site: site.key, fingerprint: fingerprint) }

  package struct Key: Hashable, Sendable {
    package var site: String
    package var fingerprint: String

    package init(site: String, fingerprint: String) {
      self.site = site
      self.fingerprint = fingerprint
    }

    package init(_ occurrence: Occurrence) { self.init(site: occurrence.site.key, fingerprint: occurrence.fingerprint) }
  }
}

/// One mail that the reserve counts, with its fate.
package struct ReservedArrival: Hashable, Sendable {
  package var at: Timestamp
  package var fate: Fate

  package enum Fate: UInt8, Sendable {
    /// The mail was held back.
    case suppressed = 0
    /// The mail was cut through to the next hop, which accepted it.
    case forwarded = 1
    /// The mail is in the emergency spool, whose import counts it.
    case spooled = 2
    /// The mail is about to be cut through to the next hop. While the reply of the next hop is not known, the mail is
    /// counted but opens no window.
    case offered = 3
    /// The mail was cut through to the next hop, which did not accept it, and the client was told so. It is not
    /// counted, but the next mail of its error goes as after a `Rejection`.
    case refused = 4
    /// The mail was held back because the next hop did not accept the last mail of its error.
    case suppressedAfterRejection = 5

    /// Creates the fate of a mail that is held back.
    package init(of reason: SuppressionReason) {
      self = reason == .afterRejection ? .suppressedAfterRejection : .suppressed
    }

    /// The reason why the mail was held back, or nil if it was not.
    package var suppression: SuppressionReason? {
      switch self {
      case .suppressed: .insideWindow
      case .suppressedAfterRejection: .afterRejection
      case .forwarded, .spooled, .offered, .refused: nil
      }
    }

    /// True if the import of the reserve counts the mail.
    package var isCounted: Bool {
      switch self {
      case .suppressed, .suppressedAfterRejection, .forwarded, .offered: true
      case .spooled, .refused: false
      }
    }
  }

  package init(at: Timestamp, fate: Fate) {
    self.at = at
    self.fate = fate
  }
}

/// Decides about error mail while the store has no room: keeps the windows of the errors seen since then in memory and
/// applies the same policy. Storm caps, variants and the admin's silences belong to the store and do not count here.
/// When in doubt, mail is forwarded.
package struct ReservedWindows: Sendable {
  /// The largest number of errors known at once. When there is one more, all others are forgotten, and the next mail of
  /// each is forwarded.
  private static let mostErrors = 1000

  private var records: [ReservedError.Key: WindowRecord] = [:]

  package init() {}

  package func decide(_ occurrence: Occurrence, _ policy: WindowPolicy, now: Timestamp) -> WindowPolicy.Decision {
    let arrival = WindowPolicy.Arrival(site: occurrence.site.name, rule: occurrence.rule)
    return policy.decide(records[ReservedError.Key(occurrence)], arrival, now: now)
  }

  /// Records a decision that was carried out.
  package mutating func note(_ record: WindowRecord, of key: ReservedError.Key) {
    if records[key] == nil, records.count >= Self.mostErrors { records = [:] }
    records[key] = record
  }

  /// Records a mail that an earlier process counted.
  package mutating func note(_ arrival: ReservedArrival, of key: ReservedError.Key) {
    guard arrival.fate != .refused else { return noteRefusal(of: key, at: arrival.at) }
    var record = WindowRecord.arriving(records[key], nil, now: arrival.at)
    switch arrival.fate {
    case .suppressed, .suppressedAfterRejection:
      record.carryOut(.suppress(arrival.fate.suppression ?? .insideWindow, record.count), now: arrival.at)
    case .forwarded, .spooled: record.opensWindow(at: arrival.at)
    case .offered, .refused: break
    }
    note(record, of: key)
  }

  /// Records that the next hop did not accept a mail that arrived at `now`, rejected or deferred: while no disk keeps
  /// the mail, both mean that it is not told.
  package mutating func noteRefusal(of key: ReservedError.Key, at now: Timestamp) {
    var record = records[key] ?? .unseen(at: now)
    record.refuse(at: now)
    note(record, of: key)
  }
}

extension WindowRecord {
  /// Returns the record of an error none of whose mails was counted.
  package static func unseen(at now: Timestamp) -> WindowRecord {
    WindowRecord(firstSeen: now, lastSeen: now, windowStart: nil, held: 0, total: 0, suppressed: 0)
  }

  /// Records that the next hop did not accept a mail about the error, which is not counted.
  fileprivate mutating func refuse(at now: Timestamp) {
    // The mail of the window before it was not rejected.
    if windowStart != nil { rejection = nil }
    windowStart = nil
    rejection = Rejection(count: (rejection?.count ?? 0).saturatingAdding(1), at: now, total: total)
  }

  /// Adds the mails that the reserve counted, none of which the store knows. Mail that the store itself held back
  /// before stays unreported: a mail that went past the store reports only the mails held back in the reserve.
  ///
  /// - Parameter window: the length of the window that the store opened. A mail that was refused before its end went
  ///   beyond the window only because the reserve did not know it, so the window stays.
  package mutating func add(_ arrivals: [ReservedArrival], window: Duration) {
    let heldBefore = held
    for arrival in arrivals where arrival.fate == .refused || arrival.fate.isCounted {
      if arrival.fate == .refused {
        if windowStart.map({ arrival.at >= $0.advanced(by: window) }) ?? true { refuse(at: arrival.at) }
        continue
      }
      total = total.saturatingAdding(1)
      episode.mails = episode.mails.saturatingAdding(1)
      lastSeen = max(lastSeen, arrival.at)
      firstSeen = min(firstSeen, arrival.at)
      switch arrival.fate {
      case .suppressed, .suppressedAfterRejection:
        suppressed = suppressed.saturatingAdding(1)
        held = held.saturatingAdding(1)
        lastReason = (arrival.fate.suppression ?? .insideWindow).rawValue
      case .forwarded:
        if windowStart.map({ $0 < arrival.at }) ?? true { opensWindow(at: arrival.at) }
        held = heldBefore
        lastReason = ForwardReason.first.text
      case .offered: lastReason = ForwardReason.first.text
      case .spooled, .refused: break
      }
    }
  }
}
