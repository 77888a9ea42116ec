package import DedupCore
package import MailMessage
import RelayMail

/// A simulation of the relay's decisions on past mails, on a clock of its own. Nothing is sent and nothing is stored.
///
/// `WindowPolicy` decides about each mail as it does at the commit point. Events that become due without a mail
/// (digests of the storm cap, all-clears) happen at their moment between two mails. The real relay checks every ten
/// seconds, so its events may come that much later. Silences and merges of the admin are in the store and are not known
/// here.
///
/// Mails are expected in the order of their arrival. A mail with an earlier time than the one before counts as evidence
/// of a clock that was set back.
package struct Replay: Sendable {
  package let policy: WindowPolicy
  package internal(set) var totals = ReplayTotals()
  /// The mails about errors that would have been sent, in order. Empty unless `keepsTimeline`.
  package private(set) var timeline: [ReplayEvent] = []
  /// The errors in the order of their first mails.
  package private(set) var errors: [ReplayedError] = []
  private let keepsTimeline: Bool
  /// The indices in `errors`, by site and fingerprint.
  private var rows: [Key: Int] = [:]
  var sites: [ReplayedSite] = []
  private var siteRows: [String: Int] = [:]
  var envelopes: [ReplayedEnvelope] = []
  /// The indices in `envelopes`, by `Site.envelopeKey`.
  private var envelopeRows: [String: Int] = [:]
  var due = DueList()

  private struct Key: Hashable {
    var site: Int
    var fingerprint: String
  }

  package init(_ policy: WindowPolicy, keepsTimeline: Bool = false) {
    self.policy = policy
    self.keepsTimeline = keepsTimeline
  }

  /// Takes one more mail and returns the verdict on it.
  package mutating func accept(_ judged: Judged, from envelope: Envelope, at now: Timestamp) -> Verdict {
    carryOutWhatIsDue(until: now)
    totals.mails += 1
    switch judged {
    case .pass(let reason):
      totals.ordinary += 1
      return .forward(.pass(reason), nil)
    case .doubt(let doubt): return decide(doubt, envelopeRow(of: envelope), at: now)
    case .report(let occurrence): return decide(occurrence, envelope, at: now)
    }
  }

  /// Carries out the events that are still due when no more mail comes.
  package mutating func finish() { carryOutWhatIsDue(until: nil) }

  mutating func note(_ event: ReplayEvent) {
    totals.note(event)
    for row in event.errors { errors[row].note(event) }
    if keepsTimeline { timeline.append(event) }
  }
}

// Reports.
extension Replay {
  private mutating func decide(_ named: Occurrence, _ envelope: Envelope, at now: Timestamp) -> Verdict {
    totals.arrived(at: now)
    let from = envelopeRow(of: envelope, named.site.envelopeKey)
    let (site, cap, nominal) = standing(of: named.site, from, at: now)
    var occurrence = named
    occurrence.rule = policy.rule(named.rule, ofUnknownSite: nominal != named.site.name)
    let key = Key(site: site, fingerprint: occurrence.fingerprint)
    let before = rows[key]
    if before == nil, envelopes[from].errors >= SiteBounds.mostErrors {
      // The type is left out: no replay has so many errors.
      return decide(DoubtfulReport(reason: SiteBounds.doubtOfExcess), from, at: now)
    }
    let settings = policy.settings(site: nominal, rule: occurrence.rule)
    let arrival = WindowPolicy.Arrival(
      site: nominal, rule: occurrence.rule,
      isNewVariant: before.map { errors[$0].isNew(occurrence.variant) } ?? false,
      isCapped: sites[cap].cap.isReached(settings.hourlyForwards, now: now)
        || before == nil && sites[site].isOneOfMany(occurrence.kind, at: now))
    let decision = policy.decide(before.map { errors[$0].record }, arrival, now: now)
    let row = before ?? errors.count
    if before == nil {
      errors.append(ReplayedError(occurrence, envelope, siteRow: site, decision.record))
      rows[key] = row
      envelopes[from].errors += 1
      sites[site].note(occurrence.kind, at: now)
    }
    errors[row].take(occurrence, decision, at: now)
    for _ in 0..<decision.mailsCapped { sites[cap].cap.send(at: now) }
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

  private mutating func envelopeRow(of envelope: Envelope, _ key: String? = nil) -> Int {
    let key = key ?? Site.envelopeKey(of: envelope)
    if let row = envelopeRows[key] { return row }
    envelopeRows[key] = envelopes.count
    envelopes.append(ReplayedEnvelope(key: key, sender: envelope.sender.text))
    return envelopes.count - 1
  }

  /// Returns the index of the site under which errors are filed, the index of the site whose storm cap counts, and the
  /// name of the site whose settings apply (`SiteBounds`).
  private mutating func standing(of site: Site, _ envelope: Int, at now: Timestamp) -> (Int, cap: Int, nominal: String)
  {
    let from = envelopes[envelope]
    let joined = Site.joined(envelopeKey: from.key, sender: from.sender)
    let first = from.sites.first.map { sites[$0].since }
    if let row = siteRows[site.key] {
      guard row != from.sites.first, SiteBounds.isOnProbation(since: sites[row].since, now: now) else {
        return (row, row, site.name)
      }
      let isOwn = SiteBounds.hasOwnSettings(since: sites[row].since, first: first)
      return (row, joinedRow(joined, envelope, at: now), isOwn ? site.name : joined.name)
    }
    let onProbation = from.sites.dropFirst().count { SiteBounds.isOnProbation(since: sites[$0].since, now: now) }
    let isCapped = from.joined.map { sites[$0].cap.isReached(policy.settings.hourlyForwards, now: now) } ?? false
    if SiteBounds.joins(sites: from.sites.count, onProbation: onProbation, isCapped: isCapped) {
      let row = joinedRow(joined, envelope, at: now)
      return (row, row, joined.name)
    }
    let row = add(site, since: now)
    envelopes[envelope].sites.append(row)
    if from.sites.isEmpty { return (row, row, site.name) }
    let isOwn = SiteBounds.hasOwnSettings(since: now, first: first)
    return (row, joinedRow(joined, envelope, at: now), isOwn ? site.name : joined.name)
  }

  private mutating func joinedRow(_ joined: Site, _ envelope: Int, at now: Timestamp) -> Int {
    let row = envelopes[envelope].joined ?? add(joined, since: now)
    envelopes[envelope].joined = row
    return row
  }

  private mutating func add(_ site: Site, since: Timestamp) -> Int {
    siteRows[site.key] = sites.count
    sites.append(ReplayedSite(name: site.name, since: since))
    return sites.count - 1
  }
}

// Events that become due without a mail.
extension Replay {
  /// Carries out the events that are due.
  ///
  /// - Parameter end: the time until which events are due, or nil for all of them.
  private mutating func carryOutWhatIsDue(until end: Timestamp?) {
    while let (what, time) = due.next(until: end) {
      switch what {
      case .digest(let site): sendDigest(of: site, at: time)
      case .doubtDigest(let envelope): sendDoubtDigest(of: envelope, at: time)
      case .allClear(let row): giveAllClear(row, at: time)
      }
    }
  }

  private mutating func sendDigest(of site: Int, at now: Timestamp) {
    // A mail of an error may have been sent meanwhile. Then the error no longer waits.
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
      // A mail arrived since and postponed it.
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
struct ReplayedSite: Sendable {
  var name: String
  /// The time when the site was first seen.
  var since: Timestamp
  var cap = StormCap()
  /// The errors that wait for a digest, and possibly some that no longer wait.
  var waiting: Set<Int> = []
  /// The times of the latest new errors of the site, by kind.
  private var news: [String: [Timestamp]] = [:]

  init(name: String, since: Timestamp) { (self.name, self.since) = (name, since) }

  /// Returns true if the number of new errors of `kind` within the hour has reached its limit (`StormCap.mostOfAKind`).
  func isOneOfMany(_ kind: String, at now: Timestamp) -> Bool {
    let times = news[kind, default: []]
    return times.count { $0 > now.advanced(by: .zero - StormCap.period) } >= StormCap.mostOfAKind
  }

  /// Records a new error.
  mutating func note(_ kind: String, at now: Timestamp) {
    guard !kind.isEmpty else { return }
    news[kind, default: []].append(now)
    if news[kind, default: []].count > StormCap.mostOfAKind { news[kind]?.removeFirst() }
  }
}
