package import MailMessage

/// What the relay would do with mails, on a clock of their own: nothing is sent and nothing is stored.
///
/// `WindowPolicy` decides over each mail as it does at the commit point, and what becomes due without a mail (digests of
/// the storm cap, all-clears) happens at its moment between two mails. The relay looks every ten seconds, so there they
/// may come so much later. Silences and merges of the admin stand in the store, and are not known here.
///
/// Mails come in the order of their arrival. One that is earlier than the one before it counts as brought by a clock
/// that was set back.
package struct Replay: Sendable {
  package let policy: WindowPolicy
  package private(set) var totals = ReplayTotals()
  /// Mails about errors that would have gone out, in their order; empty unless `keepsTimeline`.
  package private(set) var timeline: [ReplayEvent] = []
  /// In the order of their first mails.
  package private(set) var errors: [ReplayedError] = []
  private let keepsTimeline: Bool
  /// Of `errors`, by site and fingerprint.
  private var rows: [Key: Int] = [:]
  private var sites: [ReplayedSite] = []
  private var siteRows: [String: Int] = [:]
  /// By sender and recipients.
  private var sitesOfEnvelope: [[String]: [Int]] = [:]
  private var due = DueList()

  private struct Key: Hashable {
    var site: Int
    var fingerprint: String
  }

  package init(_ policy: WindowPolicy, keepsTimeline: Bool = false) {
    self.policy = policy
    self.keepsTimeline = keepsTimeline
  }

  /// Takes one more mail.
  package mutating func accept(_ judged: Judged, from envelope: Envelope, at now: Timestamp) -> Verdict {
    carryOutWhatIsDue(until: now)
    totals.mails += 1
    switch judged {
    case .pass(let reason):
      totals.ordinary += 1
      return .forward(.pass(reason), nil)
    case .doubt(let doubt):
      for site in sitesOfEnvelope[Self.key(of: envelope)] ?? [] { sites[site].cap.send(at: now) }
      note(ReplayEvent(at: now, what: .doubtful(doubt.reason)))
      return .forward(.doubt(doubt.reason), nil)
    case .report(let occurrence): return decide(occurrence, envelope, at: now)
    }
  }

  /// Carries out what is still due when no mail comes any more.
  package mutating func finish() { carryOutWhatIsDue(until: nil) }

  private mutating func note(_ event: ReplayEvent) {
    totals.note(event)
    for row in event.errors { errors[row].note(event) }
    if keepsTimeline { timeline.append(event) }
  }
}

// One report.
extension Replay {
  private mutating func decide(_ occurrence: Occurrence, _ envelope: Envelope, at now: Timestamp) -> Verdict {
    totals.arrived(at: now)
    let site = row(of: occurrence.site, envelope)
    let key = Key(site: site, fingerprint: occurrence.fingerprint)
    let before = rows[key]
    let settings = policy.settings(site: occurrence.site.name, rule: occurrence.rule)
    let arrival = WindowPolicy.Arrival(
      site: occurrence.site.name, rule: occurrence.rule,
      isNewVariant: before.map { errors[$0].isNew(occurrence.variant) } ?? false,
      isCapped: sites[site].cap.isReached(settings.hourlyForwards, now: now))
    let decision = policy.decide(before.map { errors[$0].record }, arrival, now: now)
    let row = before ?? errors.count
    if before == nil {
      errors.append(ReplayedError(occurrence, envelope, siteRow: site, decision.record))
      rows[key] = row
    }
    errors[row].take(occurrence, decision, at: now)
    for _ in 0..<decision.mailsCapped { sites[site].cap.send(at: now) }
    note(decision, row, at: now)
    if let time = errors[row].timeToSchedule() { due.add(.allClear(row), at: time) }
    return decision.verdict
  }

  private mutating func note(_ decision: WindowPolicy.Decision, _ row: Int, at now: Timestamp) {
    let site = errors[row].site.name
    switch decision.verdict {
    case .forward(let reason, let count):
      note(ReplayEvent(at: now, what: .forwarded(reason), errors: [row], site: site, count: count))
    case .suppress(let reason, _):
      totals.heldBack[reason.rawValue, default: 0] += 1
      if reason == .stormCap { awaitDigest(row, at: now) }
    }
    if let milestone = decision.milestone {
      let count = decision.record.count
      note(ReplayEvent(at: now, what: .milestone(milestone), errors: [row], site: site, count: count))
    }
  }

  private mutating func awaitDigest(_ row: Int, at now: Timestamp) {
    let site = errors[row].siteRow
    if sites[site].waiting.isEmpty { due.add(.digest(site), at: now.advanced(by: StormCap.digestEvery)) }
    sites[site].waiting.insert(row)
  }

  private mutating func row(of site: Site, _ envelope: Envelope) -> Int {
    if let row = siteRows[site.key] { return row }
    siteRows[site.key] = sites.count
    sitesOfEnvelope[Self.key(of: envelope), default: []].append(sites.count)
    sites.append(ReplayedSite(name: site.name))
    return sites.count - 1
  }

  private static func key(of envelope: Envelope) -> [String] {
    [envelope.sender.text] + envelope.recipients.map(\.text)
  }
}

// What becomes due without a mail.
extension Replay {
  /// - Parameter end: nil: all of it.
  private mutating func carryOutWhatIsDue(until end: Timestamp?) {
    while let (what, time) = due.next(until: end) {
      switch what {
      case .digest(let site): sendDigest(of: site, at: time)
      case .allClear(let row): giveAllClear(row, at: time)
      }
    }
  }

  private mutating func sendDigest(of site: Int, at now: Timestamp) {
    // A mail of it may have gone out meanwhile: then it waits no more.
    let waiting = sites[site].waiting.compactMap { row in
      errors[row].record.awaitsDigestSince.map { (since: $0, row: row) }
    }.sorted { ($0.since, $0.row) < ($1.since, $1.row) }
    sites[site].waiting = Set(waiting.map(\.row))
    guard let first = waiting.first else { return }
    let time = first.since.advanced(by: StormCap.digestEvery)
    if time > now { return due.add(.digest(site), at: time) }
    let named = waiting.prefix(StormDigest.mostErrors).map(\.row)
    note(ReplayEvent(at: now, what: .digest, errors: named, site: sites[site].name))
    for row in named { errors[row].record.opensWindow(at: now) }
    sites[site].waiting.subtract(named)
    if !sites[site].waiting.isEmpty { due.add(.digest(site), at: now) }
  }

  private mutating func giveAllClear(_ row: Int, at now: Timestamp) {
    guard errors[row].isAllClearDue(at: now) else {
      // A mail came since and put it off.
      if let time = errors[row].timeToSchedule() { due.add(.allClear(row), at: time) }
      return
    }
    let site = errors[row].siteRow
    let settings = policy.settings(site: errors[row].site.name, rule: errors[row].rule?.name)
    if !sites[site].cap.isReached(settings.hourlyForwards, now: now) {
      sites[site].cap.send(at: now)
      let count = errors[row].record.count
      note(ReplayEvent(at: now, what: .allClear, errors: [row], site: errors[row].site.name, count: count))
    }
    errors[row].record.ends()
  }
}

/// A site of a replay.
private struct ReplayedSite: Sendable {
  var name: String
  var cap = StormCap()
  /// Errors that wait for a digest, and perhaps some that did.
  var waiting: Set<Int> = []
}
