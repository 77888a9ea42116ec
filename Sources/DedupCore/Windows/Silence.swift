import MailMessage

/// What an admin does not want to hear of for a while. What it holds back is counted.
///
/// | ends | with |
/// |---|---|
/// | `.at` | the first mail from that time on, by the usual windows |
/// | `.afterMails` | the mail behind so many that were held back; it goes out |
/// | `.aboveRate` | the mail that is one more than so many within an hour; it goes out |
/// | `.whenResolved` | `dedupctl resolve` |
///
/// A clock that is set back ends it too: until it catches up could take days longer than was asked for.
package struct Silence: Hashable, Sendable, Codable {
  package var id: Int64
  package var createdAt: Timestamp
  package var author: String
  package var reason: String
  package var scope: Scope
  package var end: End
  /// Mails that it held back.
  package var held: Int
  /// When it held back the latest of them; at first when it was made.
  package var lastActive: Timestamp
  /// Those within the last hour, per five minutes.
  package var recent: RecentCount
  package var ended: Ended?

  package enum Scope: Hashable, Sendable, Codable {
    /// One error of one site; the row that the store knows it by, so that it stays when its fingerprint is renamed.
    case error(Int64)
    /// All for which the rule of that name decides.
    case rule(String)
    case matching(Pattern)
  }

  /// Patterns (`Glob`) over whole texts; all that are there have to match, and one has to be there.
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
    /// Mails within an hour.
    case aboveRate(Int)
    case whenResolved
  }

  package struct Ended: Hashable, Sendable, Codable {
    package var at: Timestamp
    package var cause: Cause
    /// Who ended it; nil unless somebody did, and in what earlier versions kept.
    package var author: String?

    package enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
      case time, mails, rate, resolved
      /// `dedupctl silence expire`.
      case expired
      case clockJumpedBack = "clock-jumped-back"
    }

    package init(at: Timestamp, cause: Cause, author: String? = nil) {
      self.at = at
      self.cause = cause
      self.author = author
    }
  }

  /// What it says about one mail.
  package enum Ruling: Hashable, Sendable {
    case holds
    /// It was the last one to wait for: it goes out.
    case endsWithThis
    /// It is over; the usual windows decide.
    case isOver
  }

  package init(
    id: Int64 = 0, createdAt: Timestamp, author: String, reason: String, scope: Scope, end: End, held: Int = 0,
    lastActive: Timestamp? = nil, recent: RecentCount = RecentCount(), ended: Ended? = nil
  ) {
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

  /// Whether it is about this error.
  package func covers(_ occurrence: Occurrence, row: Int64) -> Bool {
    covers(
      row: row, title: occurrence.title, place: occurrence.place, site: occurrence.site.name,
      rule: occurrence.rule?.name)
  }

  /// - Parameter site: `Site.name`.
  package func covers(row: Int64, title: String, place: String, site: String, rule: String?) -> Bool {
    switch scope {
    case .error(let id): id == row
    case .rule(let name): rule == name
    case .matching(let pattern): pattern.matches(title: title, place: place, site: site)
    }
  }

  /// Rules over one more mail that it covers, and takes it into account.
  package mutating func rule(now: Timestamp) -> Ruling {
    guard ended == nil else { return .isOver }
    if lastActive.since(now) > WindowPolicy.tolerance { return end(.clockJumpedBack, now, .isOver) }
    recent.add(at: now)
    switch end {
    case .at(let time) where now >= time: return end(.time, now, .isOver)
    case .afterMails(let count) where held >= count: return end(.mails, now, .endsWithThis)
    case .aboveRate(let rate) where recent.total > rate: return end(.rate, now, .endsWithThis)
    case .at, .afterMails, .aboveRate, .whenResolved: break
    }
    held = held.saturatingAdding(1)
    lastActive = max(lastActive, now)
    return .holds
  }

  /// Whether its time is up although no mail came to show it.
  package func isOver(now: Timestamp) -> Bool {
    ended != nil || endsAt.map { now >= $0 } ?? false
  }

  /// When it ends, if the end is a time.
  package var endsAt: Timestamp? {
    if case .at(let time) = end { time } else { nil }
  }

  /// How it ended, also when no mail came to show it. One whose time was up ended then, however much later a mail came.
  package func ended(now: Timestamp) -> Ended? {
    guard let endsAt, isOver(now: now), ended.map({ $0.cause == .time }) ?? true else { return ended }
    return Ended(at: endsAt, cause: .time)
  }

  private mutating func end(_ cause: Ended.Cause, _ now: Timestamp, _ ruling: Ruling) -> Ruling {
    ended = Ended(at: now, cause: cause)
    return ruling
  }
}

extension Silence.Pattern: CustomStringConvertible {
  /// `title Operational*, site shop.*`.
  package var description: String {
    [("title", title), ("place", place), ("site", site)]
      .compactMap { name, pattern in pattern.map { "\(name) \($0)" } }.joined(separator: ", ")
  }

  /// A pattern that cannot be read matches nothing: hiding too little is better than hiding too much.
  fileprivate func matches(title: String, place: String, site: String) -> Bool {
    let wanted = [(self.title, title), (self.place, place), (self.site, site)]
    let given = wanted.compactMap { pattern, text in pattern.map { ($0, text) } }
    return !given.isEmpty
      && given.allSatisfy { pattern, text in (try? Glob(pattern))?.matches(Array(text.utf8)) ?? false }
  }
}

/// How many of something came within the last hour, to five minutes.
package struct RecentCount: Hashable, Sendable, Codable {
  private static let slots: Int64 = 12
  private static let slot: Int64 = 300_000

  /// Counts by the number of their five minutes since 1970.
  private var counts: [Int64: Int] = [:]

  package init() {}

  package mutating func add(at now: Timestamp) {
    let current = now.milliseconds / Self.slot
    counts = counts.filter { $0.key > current - Self.slots && $0.key <= current }
    counts[current, default: 0] += 1
  }

  package var total: Int { counts.values.sumOfCounts() }
}
