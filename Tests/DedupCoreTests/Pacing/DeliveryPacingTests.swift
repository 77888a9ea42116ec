import MailMessage
import MailTestKit
import Testing

@testable import DedupCore

private let hop = "smtp.example.org:587"

func + (time: Timestamp, seconds: Int) -> Timestamp { time.advanced(by: .seconds(seconds)) }

/// A day of mail before a manual clock: what arrives asks, and asks again when its time comes.
private struct Day {
  struct Mail {
    var id: Int64
    var at: Timestamp
    var recipients: Int
    var priority: DeliveryPriority
  }

  var pacing: DeliveryPacing
  var limits: DeliveryLimits
  /// What comes, and what waits, with the time when it asks.
  var agenda: [(time: Timestamp, mail: Mail)] = []
  var sent: [(at: Timestamp, mail: Mail)] = []

  init(_ limits: DeliveryLimits) {
    self.limits = limits
    pacing = DeliveryPacing(now: noon)
  }

  mutating func add(_ mail: Mail) { put(mail, at: mail.at) }

  private mutating func put(_ mail: Mail, at time: Timestamp) {
    var (low, high) = (0, agenda.count)
    while low < high {
      let middle = (low + high) / 2
      // Latest first, so that the next one is at the end; the order of arrival among equals.
      if (agenda[middle].time, agenda[middle].mail.id) > (time, mail.id) { low = middle + 1 } else { high = middle }
    }
    agenda.insert((time, mail), at: low)
  }

  /// Restarts now and then: what a new process knows is what was recorded.
  mutating func run(until end: Timestamp, recorded: inout [Departures], restartsEvery: Int? = nil) {
    var asked = 0
    while let (now, mail) = agenda.last, now < end {
      agenda.removeLast()
      asked += 1
      if let restartsEvery, asked % restartsEvery == 0 { pacing = DeliveryPacing(recorded, now: now) }
      let request = DeliveryPacing.Request(
        id: QueueID(rawValue: mail.id), recipients: mail.recipients, priority: mail.priority, limits: limits,
        nextHops: [hop])
      switch pacing.ask(request, now: now) {
      case .wait(let until, _): put(mail, at: max(until, now.advanced(by: .milliseconds(1))))
      case .go(let count):
        sent.append((now, mail))
        let counted = pacing.finished(request, at: hop, recipients: count, now: now)
        if let counted { recorded.append(counted) }
      }
    }
  }

  /// The most recipients within any stretch of `period`.
  func most(within period: Duration) -> Int {
    var (first, sum, most) = (0, 0, 0)
    for (at, mail) in sent {
      sum += mail.recipients
      while at.since(sent[first].at) >= period {
        sum -= sent[first].mail.recipients
        first += 1
      }
      most = max(most, sum)
    }
    return most
  }

  var longestWait: Duration {
    sent.filter { $0.mail.priority == .ordinary }.map { $0.at.since($0.mail.at) }.max() ?? .zero
  }
}

/// Clause of pacing: never more than the limits, ordinary mail first.
@Suite struct DeliveryPacingTests {
  private static func ask(
    _ pacing: inout DeliveryPacing, _ id: Int64, _ priority: DeliveryPriority = .ordinary, recipients: Int = 1,
    limits: DeliveryLimits, at now: Timestamp
  ) -> DeliveryPacing.Answer {
    let request = DeliveryPacing.Request(
      id: QueueID(rawValue: id), recipients: recipients, priority: priority, limits: limits, nextHops: [hop])
    let answer = pacing.ask(request, now: now)
    if case .go(let count) = answer { _ = pacing.finished(request, at: hop, recipients: count, now: now) }
    return answer
  }

  @Test("a day of storms: never more than rate and daily, no ordinary mail later than a minute", arguments: [nil, 97])
  func day(restartsEvery: Int?) {
    var day = Day(DeliveryLimits(rate: DeliveryRate(50, per: .minute), daily: 2000))
    var (dice, id): (SplitMix, Int64) = (SplitMix(seed: 42), 0)
    var ordinary: [(at: Timestamp, recipients: Int)] = []
    // Ordinary mail within 50 a minute and nine tenths of 2,000 a day, in bursts.
    for minute in 0..<1440 where ordinary.reduce(0, { $0 + $1.recipients }) < 1750 && dice.next(below: 20) == 0 {
      var burst = dice.next(below: 50) + 1
      while burst > 0 {
        let recipients = min(burst, dice.next(below: 5) + 1)
        ordinary.append((noon + minute * 60, recipients))
        burst -= recipients
      }
    }
    for mail in ordinary {
      id += 1
      day.add(.init(id: id, at: mail.at, recipients: mail.recipients, priority: .ordinary))
    }
    // New errors without end, and what is told instead of them when the limits are near.
    var recorded: [Departures] = []
    var digestAt = noon
    for second in stride(from: 0, to: 86_400, by: 10) {
      let now = noon + second
      day.run(until: now, recorded: &recorded, restartsEvery: restartsEvery)
      let telling = day.pacing.telling(now: now)
      if telling == .oneByOne {
        for _ in 0..<5 {
          id += 1
          day.add(.init(id: id, at: now, recipients: 1, priority: .report))
        }
      } else if now.since(digestAt) >= telling.digestEvery {
        digestAt = now
        id += 1
        day.add(.init(id: id, at: now, recipients: 1, priority: .own))
      }
    }
    day.run(until: noon + 86_400 + 600, recorded: &recorded)
    #expect(day.most(within: .seconds(60)) <= 50)
    #expect(day.most(within: .seconds(86_400)) <= 2000)
    let delivered = day.sent.count { $0.mail.priority == .ordinary }
    #expect(delivered == ordinary.count)
    if restartsEvery == nil { #expect(day.longestWait <= .seconds(60)) }
    #expect(day.sent.contains { $0.mail.priority == .report } && day.sent.contains { $0.mail.priority == .own })
  }

  @Test("ordinary mail that alone fills the rate waits for a minute at most, however the storm began")
  func saturated() {
    var day = Day(DeliveryLimits(rate: DeliveryRate(50, per: .minute)))
    var (id, recorded): (Int64, [Departures]) = (0, [])
    for second in 0..<3600 {
      if second < 290 {
        id += 1
        day.add(.init(id: id, at: noon + second, recipients: 1, priority: .report))
      }
      guard second % 60 == 59 else { continue }
      for _ in 0..<50 {
        id += 1
        day.add(.init(id: id, at: noon + second, recipients: 1, priority: .ordinary))
      }
    }
    day.run(until: noon + 7200, recorded: &recorded)
    #expect(day.most(within: .seconds(60)) == 50)
    #expect(day.longestWait <= .seconds(60))
  }

  @Test("a newsletter does not silence errors: one mail of theirs goes ahead every five minutes")
  func newsletter() {
    let limits = DeliveryLimits(rate: DeliveryRate(10, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    for id in 1...1000 { _ = Self.ask(&pacing, Int64(id), limits: limits, at: noon) }
    guard case .wait = Self.ask(&pacing, 5000, .report, limits: limits, at: noon) else {
      Issue.record("ordinary mail goes first")
      return
    }
    var went: Timestamp?
    for second in 0..<900 where went == nil {
      if case .go = Self.ask(&pacing, 5000, .report, limits: limits, at: noon + second) { went = noon + second }
    }
    #expect(went == noon + 300)
  }

  @Test("what waits leaves in its order, a full minute after what it waits for")
  func order() {
    let limits = DeliveryLimits(rate: DeliveryRate(2, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    let answers = (1...5).map { Self.ask(&pacing, $0, limits: limits, at: noon + Int($0)) }
    let reason = "2/min to \(hop)"
    #expect(
      answers == [
        .go(1), .go(1), .wait(until: noon + 61, reason: reason), .wait(until: noon + 62, reason: reason),
        .wait(until: noon + 121, reason: reason),
      ])
    // Asking again before its time changes nothing, and at its time it goes.
    #expect(Self.ask(&pacing, 5, limits: limits, at: noon + 10) == .wait(until: noon + 121, reason: reason))
    #expect(Self.ask(&pacing, 3, limits: limits, at: noon + 61) == .go(1))
  }

  @Test("an alert goes before what waits, but not beyond the limits")
  func alert() {
    let limits = DeliveryLimits(rate: DeliveryRate(2, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    for id in 1...4 { _ = Self.ask(&pacing, Int64(id), limits: limits, at: noon) }
    let reason = "2/min to \(hop)"
    #expect(Self.ask(&pacing, 9, .alert, limits: limits, at: noon + 1) == .wait(until: noon + 60, reason: reason))
    #expect(Self.ask(&pacing, 9, .alert, limits: limits, at: noon + 60) == .go(1))
  }

  @Test("a mail with more recipients than the rate goes in parts")
  func parts() {
    let limits = DeliveryLimits(rate: DeliveryRate(10, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    #expect(Self.ask(&pacing, 1, recipients: 25, limits: limits, at: noon) == .go(10))
    #expect(
      Self.ask(&pacing, 1, recipients: 15, limits: limits, at: noon)
        == .wait(until: noon + 60, reason: "10/min to \(hop)"))
    #expect(Self.ask(&pacing, 1, recipients: 15, limits: limits, at: noon + 60) == .go(10))
  }

  @Test(
    "error mail has a tenth of a day, of which reports have three quarters; from half of it on errors are told in digests"
  )
  func share() {
    let limits = DeliveryLimits(daily: 400)
    var pacing = DeliveryPacing(now: noon)
    var sent = 0
    var digestsFrom: Int?
    for id in 1...100 {
      if case .go = Self.ask(&pacing, Int64(id), .report, limits: limits, at: noon) { sent += 1 }
      if pacing.telling(now: noon) != .oneByOne, digestsFrom == nil { digestsFrom = sent }
    }
    #expect(sent == 30 && digestsFrom == 20)
    let own = (1000...1020).count { Self.ask(&pacing, $0, .own, limits: limits, at: noon).isGo }
    #expect(own == 10)
    #expect((2000...2400).count { Self.ask(&pacing, $0, limits: limits, at: noon).isGo } == 360)
    #expect(pacing.telling(now: noon).digestEvery == .seconds(8640))
    // A day and a minute later all of it is there again, for what waits first.
    #expect(Self.ask(&pacing, 31, .report, limits: limits, at: noon + 86_461).isGo)
    #expect(!Self.ask(&pacing, 9999, .report, limits: limits, at: noon + 86_461).isGo)
  }

  @Test("a clock that is set back stalls nothing, and does not let a flood through")
  func clockBack() {
    let limits = DeliveryLimits(rate: DeliveryRate(2, per: .minute), daily: 10)
    var pacing = DeliveryPacing(now: noon)
    for id in 1...2 { _ = Self.ask(&pacing, Int64(id), limits: limits, at: noon) }
    let before = noon + -86_400
    #expect(!Self.ask(&pacing, 3, limits: limits, at: before).isGo)
    #expect(Self.ask(&pacing, 3, limits: limits, at: before + 61).isGo)
  }

  @Test("what waited before the clock was set back waits for a minute of the new time, not for the old one")
  func waitingThroughClockBack() {
    let limits = DeliveryLimits(rate: DeliveryRate(1, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    for id in 1...5 { _ = Self.ask(&pacing, Int64(id), limits: limits, at: noon) }
    let before = noon + -86_400
    let answer = Self.ask(&pacing, 5, limits: limits, at: before)
    #expect(answer == .wait(until: before + 60, reason: "1/min to \(hop)"))
  }

  @Test("limits that are lifted by a reload leave nothing behind")
  func lifted() {
    let limits = DeliveryLimits(rate: DeliveryRate(1, per: .minute))
    var pacing = DeliveryPacing(now: noon)
    for id in 1...3 { _ = Self.ask(&pacing, Int64(id), limits: limits, at: noon) }
    for id in 2...3 { #expect(Self.ask(&pacing, Int64(id), limits: DeliveryLimits(), at: noon).isGo) }
    #expect(pacing.standings(now: noon).isEmpty)
  }

  @Test("without limits nothing is remembered, and nothing waits")
  func unlimited() {
    var pacing = DeliveryPacing(now: noon)
    #expect(Self.ask(&pacing, 1, recipients: 100_000, limits: DeliveryLimits(), at: noon) == .go(100_000))
    #expect(pacing.standings(now: noon).isEmpty)
  }
}

extension DeliveryPacing.Answer {
  fileprivate var isGo: Bool { if case .go = self { true } else { false } }
}
