package import MailMessage

/// An error of which mail came while the store had no room for it, as it is written into the reserve.
package struct ReservedError: Hashable, Sendable, Codable {
  package var site: Site
  package var fingerprint: String
  /// What earlier versions call it.
  package var previous: [String]
  package var variant: String
  package var title: String
  package var place: String
  package var kind: String
  package var rule: RuleEffect?
  package var envelope: Envelope
  /// The beginning of the header of its first mail; for Subject and Message-ID.
  package var head: [UInt8]

  /// Octets of the header that are kept.
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

  /// What tells it from others.
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

/// What became of one mail that the reserve counts.
package struct ReservedArrival: Hashable, Sendable {
  package var at: Timestamp
  package var fate: Fate

  package enum Fate: UInt8, Sendable {
    /// Held back.
    case suppressed = 0
    /// Cut through to the next hop, which took it.
    case forwarded = 1
    /// Kept in the emergency spool, whose import counts it.
    case spooled = 2
    /// About to be cut through. As long as nobody knows what the next hop said it is counted, and opens no window.
    case offered = 3
    /// Cut through to the next hop, which did not take it: as if it had never come.
    case refused = 4

    /// Whether the import of the reserve counts it.
    package var isCounted: Bool {
      switch self {
      case .suppressed, .forwarded, .offered: true
      case .spooled, .refused: false
      }
    }
  }

  package init(at: Timestamp, fate: Fate) {
    self.at = at
    self.fate = fate
  }
}

/// What becomes of error mail while the store has no room: the windows of the errors that came since, in memory, decided
/// by the same policy. Storm caps, variants and the admin's silences are the store's and do not count here: when in
/// doubt, mail goes out.
package struct ReservedWindows: Sendable {
  /// Errors that are known at once; mail of more goes out.
  private static let mostErrors = 1000

  private var records: [ReservedError.Key: WindowRecord] = [:]

  package init() {}

  package func decide(_ occurrence: Occurrence, _ policy: WindowPolicy, now: Timestamp) -> WindowPolicy.Decision {
    let arrival = WindowPolicy.Arrival(site: occurrence.site.name, rule: occurrence.rule)
    return policy.decide(records[ReservedError.Key(occurrence)], arrival, now: now)
  }

  /// Takes over a decision that was carried out.
  package mutating func note(_ record: WindowRecord, of key: ReservedError.Key) {
    if records[key] == nil, records.count >= Self.mostErrors { records = [:] }
    records[key] = record
  }

  /// Takes note of a mail that an earlier process counted.
  package mutating func note(_ arrival: ReservedArrival, of key: ReservedError.Key) {
    guard arrival.fate != .refused else { return }
    var record = WindowRecord.arriving(records[key], nil, now: arrival.at)
    switch arrival.fate {
    case .suppressed: record.carryOut(.suppress(.insideWindow, record.count), now: arrival.at)
    case .forwarded, .spooled: record.opensWindow(at: arrival.at)
    case .offered, .refused: break
    }
    note(record, of: key)
  }
}

extension WindowRecord {
  /// Adds what the reserve counted: the store held no such mail. What the store itself held back stays untold: a mail
  /// that went past it says only what the reserve held.
  package mutating func add(_ arrivals: [ReservedArrival]) {
    let heldBefore = held
    for arrival in arrivals where arrival.fate.isCounted {
      total = total.saturatingAdding(1)
      episode.mails = episode.mails.saturatingAdding(1)
      lastSeen = max(lastSeen, arrival.at)
      firstSeen = min(firstSeen, arrival.at)
      switch arrival.fate {
      case .suppressed:
        suppressed = suppressed.saturatingAdding(1)
        held = held.saturatingAdding(1)
        lastReason = SuppressionReason.insideWindow.rawValue
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
