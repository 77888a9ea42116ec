import DedupCore
import MailTestKit
import Testing

/// Random histories with everything at once: growing windows, quiet, milestones, variants, silences, the storm cap with
/// its digests, resolving, rejected mails, and clocks that jump. Whatever comes, the promises hold.
@Suite("Random histories of the whole policy")
struct EpisodeHistoryTests {
  /// What the inbox and the books say, kept apart from the policy.
  struct Books {
    var mails = 0
    var forwarded = 0
    var suppressed = 0
    /// Since something of this error went out that opened a window.
    var held = 0
    /// In the present episode.
    var episode = 0
    var lastTold: Timestamp?
    var milestones: Set<Int> = []
  }

  let settings: WindowSettings
  var policy: WindowPolicy
  var record: WindowRecord?
  var books = Books()
  var silence: Silence?
  var cap = StormCap()
  /// The furthest that the clock ever stood.
  var latest = EpisodeTests.start

  init() { self.init(seed: 0) }

  private init(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var settings = WindowSettings()
    settings.length = .seconds(Int64.random(in: 0...3600, using: &random))
    settings.variants = Int.random(in: 0...2, using: &random)
    settings.milestones = Bool.random(using: &random) ? [5, 20, 50] : []
    settings.reminders = Bool.random(using: &random) ? [.seconds(600), .seconds(2400), .seconds(7200)] : []
    settings.quiet = Bool.random(using: &random) ? .seconds(Int64.random(in: 1...9000, using: &random)) : .zero
    settings.saysAllClear = Bool.random(using: &random)
    settings.hourlyForwards = Int.random(in: 0...4, using: &random)
    self.settings = settings
    policy = WindowPolicy()
    policy.settings = settings
  }

  private mutating func arrive(at now: Timestamp, isNewVariant: Bool, jumped: Bool) {
    let ruling = silence?.rule(now: now)
    let arrival = WindowPolicy.Arrival(
      isNewVariant: isNewVariant && record != nil, silence: ruling,
      isCapped: cap.isReached(settings.hourlyForwards, now: now))
    let before = record
    let decision = policy.decide(record, arrival, now: now)
    record = decision.record
    books.mails += 1
    if decision.record.episode.number != before?.episode.number {
      books.episode = 0
      books.milestones = []
    }
    books.episode += 1
    switch decision.verdict {
    case .forward(let reason, let count):
      books.forwarded += 1
      cap.send(at: now)
      #expect(count?.heldBack == books.held && count?.total == books.episode)
      #expect(ruling != .holds, "a silence that holds was broken")
      if reason != .newVariant { tell(reason, at: now, jumped: jumped) }
    case .suppress(let reason, let count):
      books.suppressed += 1
      books.held += 1
      #expect(count.heldBack == books.held && count.total == books.episode)
      #expect(ruling != .endsWithThis || reason == .stormCap)
      checkHidden(reason, ruling, at: now)
    }
    if let milestone = decision.milestone {
      #expect(books.milestones.insert(milestone).inserted, "milestone \(milestone) twice in an episode")
      #expect(books.episode >= milestone)
      cap.send(at: now)
    }
  }

  /// Never two mails of the same reason within one window, unless the clock jumped or a mail was rejected.
  private mutating func tell(_ reason: ForwardReason, at now: Timestamp, jumped: Bool) {
    if let last = books.lastTold, reason == .windowElapsed || reason == .stillGoing {
      #expect(now.since(last) >= min(settings.length, settings.reminders.min() ?? settings.length))
    }
    books.held = 0
    books.lastTold = now
  }

  /// What is held back has a reason that the admin can check.
  private func checkHidden(_ reason: SuppressionReason, _ ruling: Silence.Ruling?, at now: Timestamp) {
    switch reason {
    case .silenced: #expect(ruling == .holds)
    case .stormCap: #expect(cap.isReached(settings.hourlyForwards, now: now) && record?.awaitsDigestSince != nil)
    case .summaryOnly: Issue.record("there is no rule")
    case .doubtFlood: Issue.record("there is no doubt")
    case .fleetWindow: Issue.record("there is no fleet")
    case .afterRejection:
      let longest = max(settings.length, settings.reminders.max() ?? .zero)
      guard let rejection = record?.rejection, record?.windowStart == nil else {
        Issue.record("no mail of it was rejected")
        return
      }
      #expect(now.since(rejection.at) < longest, "hidden for longer than any window")
    case .insideWindow:
      let longest = max(settings.length, settings.reminders.max() ?? .zero)
      if let last = books.lastTold {
        #expect(now.since(last) < longest, "hidden for longer than any window")
        #expect(now.since(last) >= .zero - WindowPolicy.tolerance, "hidden behind a window that lies in the future")
      } else {
        #expect(cap.isReached(settings.hourlyForwards, now: now), "hidden although nobody was told")
      }
    }
  }

  private mutating func happen(at now: Timestamp, _ random: inout SplitMix) {
    switch Int.random(in: 0..<60, using: &random) {
    case 0: record?.resolve(at: now)
    case 1:
      // The mail that opened the window was rejected.
      guard let rejected = record, rejected.windowStart != nil else { break }
      record?.windowStart = nil
      record?.rejection = Rejection(
        count: (rejected.rejection?.count ?? 0) + 1, at: now, total: rejected.total)
      books.lastTold = nil
    case 2: silence = Self.silence(now, &random)
    case 3...8: digest(now)
    case 9: if let due = record?.allClearAt, due <= now { record?.ends() }
    default: break
    }
  }

  private mutating func digest(_ now: Timestamp) {
    guard record?.awaitsDigestSince != nil else { return }
    record?.opensWindow(at: now)
    books.held = 0
    books.lastTold = now
  }

  private static func silence(_ now: Timestamp, _ random: inout SplitMix) -> Silence {
    let ends: [Silence.End] = [
      .at(now.advanced(by: .seconds(Int64.random(in: 1...4000, using: &random)))), .afterMails(5), .aboveRate(20),
    ]
    return Silence(
      createdAt: now, author: "", reason: "", scope: .error(1),
      end: ends[Int.random(in: 0..<ends.count, using: &random)])
  }

  @Test(
    "the promises hold for random histories with everything at once",
    arguments: 0..<120)
  func promisesHold(seed: UInt64) {
    var history = EpisodeHistoryTests(seed: seed)
    var random = SplitMix(seed: seed &+ 1_000_000)
    var now = EpisodeTests.start
    for _ in 0..<600 {
      let step = Self.step(&random)
      now = now.advanced(by: step)
      history.happen(at: now, &random)
      history.arrive(
        at: now, isNewVariant: Int.random(in: 0..<8, using: &random) == 0, jumped: step < .zero)
      history.check()
    }
  }

  private func check() {
    #expect(record?.total == books.mails && record?.suppressed == books.suppressed && record?.held == books.held)
    #expect(books.forwarded + books.suppressed == books.mails)
  }

  private static func step(_ random: inout SplitMix) -> Duration {
    switch Int.random(in: 0..<40, using: &random) {
    case 0: .seconds(Int64.random(in: -200_000...200_000, using: &random))
    case 1: .seconds(Int64.random(in: 3000...12_000, using: &random))
    case 2: .milliseconds(Int64.random(in: -9000...0, using: &random))
    default: .milliseconds(Int64.random(in: 0...60_000, using: &random))
    }
  }

  @Test(
    "with a clock that only goes on, no silence outlives what was asked for",
    arguments: 0..<40)
  func silencesEnd(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var now = EpisodeTests.start
    let end = now.advanced(by: .seconds(Int64.random(in: 1...7200, using: &random)))
    var silence = Silence(createdAt: now, author: "", reason: "", scope: .error(1), end: .at(end))
    let policy = WindowPolicy(length: .zero)
    var record: WindowRecord?
    for _ in 0..<300 {
      now = now.advanced(by: .milliseconds(Int64.random(in: 0...60_000, using: &random)))
      let decision = policy.decide(record, .init(silence: silence.rule(now: now)), now: now)
      #expect(decision.verdict.isForward == (now >= end))
      record = decision.record
    }
  }
}
