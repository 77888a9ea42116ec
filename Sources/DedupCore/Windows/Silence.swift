import MailMessage

/// A request by an admin not to hear of certain errors for a while. Mail that it holds back is counted.
///
/// | ends | with |
/// |---|---|
/// | `.at` | the first mail from that time on, by the usual windows |
/// | `.afterMails` | the mail after that number of held-back mails; it is forwarded |
/// | `.aboveRate` | the mail that exceeds that number within an hour; it is forwarded |
/// | `.whenResolved` | `dedupctl resolve` |
///
/// A clock that is set back ends the silence too: waiting until it catches up could take days longer than the admin
/// asked for.
package struct Silence: Hashable, Sendable, Codable {
  package var id: Int64
  package var createdAt: Timestamp
  package var author: String
  package var reason: String
  package var scope: Scope
  package var end: End
  /// The number of mails that the silence held back.
  package var held: Int
  /// The time when the silence held back the latest mail. Until then, the time when it was created.
  package private(set) var lastActive: Timestamp
  /// The mails that the silence covered within the last hour, in slots of five minutes.
  package var recent: RecentCount
  package var ended: Ended?
  /// The name that all relays of a fleet know the silence by; nil if no fleet does.
  package var uid: String?

  package enum Scope: Hashable, Sendable, Codable {
    /// One error of one site, by its row in the store, so that the silence survives a change of the fingerprint.
    case error(Int64)
    /// One error of one site that an admin named on another relay of the fleet, before it was seen here.
    case named(FleetErrorName)
    /// All errors for which the rule of that name decides.
    case rule(String)
    case matching(Pattern)
  }

  /// Patterns (`Glob`) that match whole texts. Every given pattern must match, and at least one must be given.
  package struct Pattern: Hashable, Sendable, Codable {
    package var title: String?
    package var place: String?
    package var site: String?

    package init(title: String? = nil, place: String? = nil, site: String? = nil) {
      self.title = title
      self.place = place
      self.site = site
    }
  }

  package enum End: Hashable, Sendable, Codable {
    case at(Timestamp)
    case afterMails(Int)
    /// Ends when more mails than this arrive within an hour.
    case aboveRate(Int)
    case whenResolved
  }

  package struct Ended: Hashable, Sendable, Codable {
    package var at: Timestamp
    package var cause: Cause
    /// The admin who ended it, or nil if no admin did. Also nil in records of earlier versions.
    package var author: String?

    package enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
      case time, mails, rate, resolved
      /// The admin ended it with `dedupctl silence expire`.
      case expired
      case clockJumpedBack = "clock-jumped-back"
    }

    package init(at: Timestamp, cause: Cause, author: String? = nil) {
      self.at = at
      self.cause = cause
      self.author = author
    }
  }

  /// The ruling of a silence on one mail.
  package enum Ruling: Hashable, Sendable {
    case holds
    /// The mail is the one that the silence waited for, and it is forwarded.
    case endsWithThis
    /// The silence is over, and the usual windows decide.
    case isOver
  }

  package init(
    id: Int64 = 0, createdAt: Timestamp, author: String, reason: String, scope: Scope, end: End, held: Int = 0,
    lastActive: Timestamp? = nil, recent: RecentCount = RecentCount(), ended: Ended? = nil, uid: String? = nil
  ) {
    self.uid = uid
    self.id = id
    self.createdAt = createdAt
    self.author = author
    self.reason = reason
    self.scope = scope
    self.end = end
    self.held = held
    self.lastActive = lastActive ?? createdAt
    self.recent = recent
    self.ended = ended
  }

  /// Returns true if the silence is about this error.
  package func covers(_ occurrence: Occurrence, row: Int64, _ naming: FleetNaming) -> Bool {
    if case .named(let error) = scope {
      return naming.matches(error, site: occurrence.site.key, occurrence.fingerprint)
    }
    return covers(
      row: row, title: occurrence.title, place: occurrence.place, site: occurrence.site.name,
      rule: occurrence.rule?.name)
  }

  /// Returns true if the silence is about the error with these properties.
  ///
  /// - Parameter site: the `Site.name` of the error.
  package func covers(row: Int64, title: String, place: String, site: String, rule: String?) -> Bool {
    switch scope {
    case .error(let id): id == row
    case .named: false
    case .rule(let name): rule == name
    case .matching(let pattern): pattern.matches(title: title, place: place, site: site)
    }
  }

  /// Rules on one more mail that the silence covers and counts it.
  package mutating func rule(goesOut: Bool = false, now: Timestamp) -> Ruling {
    guard ended == nil else { return .isOver }
    if lastActive.since(now) > WindowPolicy.tolerance { return end(.clockJumpedBack, now, .isOver) }
    recent.add(at: now)
    switch end {
    case .at(let time) where now >= time: return end(.time, now, .isOver)
    case .afterMails(let count) where held >= count: return end(.mails, now, .endsWithThis)
    case .aboveRate(let rate) where recent.total > rate: return end(.rate, now, .endsWithThis)
    case .at, .afterMails, .aboveRate, .whenResolved: break
    }
    if !goesOut { held = held.saturatingAdding(1) }
    lastActive = max(lastActive, now)
    return .holds
  }

  /// Returns true if the silence has ended or its time is up, even if no mail has shown it yet.
  package func isOver(now: Timestamp) -> Bool {
    ended != nil || endsAt.map { now >= $0 } ?? false
  }

  /// The time at which the silence ends, or nil if it does not end at a set time.
  package var endsAt: Timestamp? {
    if case .at(let time) = end { time } else { nil }
  }

  /// Returns the end of the silence, even if no mail has shown it yet, or nil if it has not ended. A silence whose time
  /// was up ended at that time, however much later the next mail arrived.
  package func ended(now: Timestamp) -> Ended? {
    guard let endsAt, isOver(now: now), ended.map({ $0.cause == .time }) ?? true else { return ended }
    return Ended(at: endsAt, cause: .time)
  }

  /// Returns the silence with its times moved to another clock.
  func moved(by offset: Duration) -> Silence {
    var copy = self
    (copy.createdAt, copy.lastActive) = (createdAt.advanced(by: offset), lastActive.advanced(by: offset))
    if case .at(let time) = end { copy.end = .at(time.advanced(by: offset)) }
    if let ended { copy.ended = Ended(at: ended.at.advanced(by: offset), cause: ended.cause, author: ended.author) }
    return copy
  }

  /// Returns the silence as the fleet carries it: what the admin said, without the counts of this relay.
  package func shared(_ scope: Scope) -> Silence {
    Silence(createdAt: createdAt, author: author, reason: reason, scope: scope, end: end, ended: ended, uid: uid)
  }

  /// Takes over what another relay says of the same silence; the counts and the row stay this relay's own.
  package mutating func adopt(_ other: Silence) {
    (createdAt, author, reason, end, ended) = (other.createdAt, other.author, other.reason, other.end, other.ended)
  }

  private mutating func end(_ cause: Ended.Cause, _ now: Timestamp, _ ruling: Ruling) -> Ruling {
    ended = Ended(at: now, cause: cause)
    return ruling
  }
}

extension Silence.Pattern: CustomStringConvertible {
  /// The patterns as text, e.g. `title Operational*, site shop.*`.
  package var description: String {
    [("title", title), ("place", place), ("site", site)]
      .compactMap { name, pattern in pattern.map { "\(name) \($0)" } }.joined(separator: ", ")
  }

  /// Returns true if all given patterns match. An invalid pattern matches nothing: it is better to hide too little than
  /// too much.
  fileprivate func matches(title: String, place: String, site: String) -> Bool {
    let wanted = [(self.title, title), (self.place, place), (self.site, site)]
    let given = wanted.compactMap { pattern, text in pattern.map { ($0, text) } }
    return !given.isEmpty
      && given.allSatisfy { pattern, text in (try? Glob(pattern))?.matches(Array(text.utf8)) ?? false }
  }
}

/// A count of events within the last hour, accurate to five minutes.
package struct RecentCount: Hashable, Sendable, Codable {
  private static let slots: Int64 = 12
  private static let slot: Int64 = 300_000

  /// The counts by slot number, in slots of five minutes since 1970.
  private var counts: [Int64: Int] = [:]

  package init() {}

  package mutating func add(at now: Timestamp) {
    let current = now.milliseconds / Self.slot
    counts = counts.filter { $0.key > current - Self.slots && $0.key <= current }
    counts[current, default: 0] += 1
  }

  package var total: Int { counts.values.sumOfCounts() }
}
