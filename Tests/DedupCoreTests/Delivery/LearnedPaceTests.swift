import DedupCore
import MailMessage
import Testing

/// The pace that is learned from refusals for the rate.
struct LearnedPaceTests {
  /// A provider that refuses what is more than its rate.
  enum Provider: Sendable {
    /// A bucket of so many tokens, which fills steadily.
    case bucket(Double)
    /// Each second by its clock has its own count.
    case fixedSecond
    /// No second, wherever it begins, has more.
    case anySecond
  }

  private struct Meter {
    let provider: Provider
    let rate: Double
    var tokens: Double?
    var filledAt = 0.0
    var times: [Double] = []

    mutating func takes(at now: Double) -> Bool {
      switch provider {
      case .bucket(let depth):
        tokens = min(depth, (tokens ?? depth) + (now - filledAt) * rate)
        filledAt = now
        guard let left = tokens, left >= 1 else { return false }
        tokens = left - 1
        return true
      case .fixedSecond: times = times.filter { $0.rounded(.down) == now.rounded(.down) }
      case .anySecond: times = times.filter { now - $0 < 1 }
      }
      guard Double(times.count) < rate else { return false }
      times.append(now)
      return true
    }
  }

  @Test(
    "a provider that takes so many mails a second gets at least 0.8 of that, and few are refused",
    arguments: [5, 10, 14, 50, 200] as [Double],
    [.bucket(1), .bucket(4), .bucket(14), .bucket(100), .fixedSecond, .anySecond] as [Provider])
  func share(rate: Double, provider: Provider) {
    var meter = Meter(provider: provider, rate: rate)
    var paces = LearnedPaces()
    var (time, taken, refused) = (Duration.zero, 0, 0)
    let mail = MailParties(sender: EmailAddress("shop@shop.example"), domains: ["customer.example"])
    while time < .seconds(120) {
      time = max(time, paces.opensAt(for: mail) ?? time)
      paces.begin(mail, at: time)
      if meter.takes(at: time / .seconds(1)) {
        taken += 1
        paces.accepted(mail, at: time)
      } else {
        refused += 1
        paces.refused(.to(["customer.example"]), begun: time, at: time)
      }
      time += .milliseconds(2)
    }
    #expect(Double(taken) >= 0.8 * rate * 120, "\(taken) of \(rate * 120)")
    #expect(Double(refused) <= 0.2 * Double(taken) + 60, "\(refused) refused of \(taken)")
  }

  @Test("mails refused together are one refusal, and refusals in a row only lengthen the pause")
  func oneRefusal() {
    var pace = LearnedPace(rate: 40, refusedAt: .seconds(10))
    #expect(pace.opensAt == .milliseconds(10_100))
    pace.refused(begun: .milliseconds(9_990), at: .milliseconds(10_050))
    #expect(pace.rate == 40 && pace.opensAt == .milliseconds(10_100), "it was begun before the cut")
    for (at, opensAt) in [(10_100, 10_300), (10_300, 10_700), (10_700, 11_200), (11_200, 11_700)] {
      pace.refused(begun: .milliseconds(at), at: .milliseconds(at))
      #expect(pace.rate == 40 && pace.opensAt == .milliseconds(opensAt))
    }
    pace.accepted()
    pace.refused(begun: .milliseconds(11_800), at: .milliseconds(11_800))
    #expect(pace.rate == 20, "one was taken between: less was taken than the pace asks for")
    #expect(pace.opensAt == .milliseconds(11_900))
  }

  @Test("a pace that nothing refuses rises until it is forgotten, and so is one that nobody uses")
  func forgotten() {
    var pace = LearnedPace(rate: 10, refusedAt: .zero)
    var seconds = 0
    while !pace.isForgotten(at: pace.opensAt), seconds < 100 {
      for _ in 0..<100 where !pace.isForgotten(at: pace.opensAt) { pace.begin(at: pace.opensAt) }
      seconds += 1
    }
    #expect(pace.opensAt < .seconds(20), "\(pace.opensAt)")
    #expect(LearnedPace(rate: 10, refusedAt: .zero).isForgotten(at: .seconds(601)))
  }

  @Test("what is said of one domain slows that domain down, of eight within ten seconds all mail", arguments: [7, 8])
  func subjects(domains: Int) {
    var paces = LearnedPaces()
    func mail(_ domain: String) -> MailParties {
      MailParties(sender: EmailAddress("a@shop.example"), domains: [domain])
    }
    for number in 0..<domains {
      paces.refused(.to(["d\(number).example"]), begun: .seconds(number), at: .seconds(number))
    }
    #expect(paces.opensAt(for: mail("d0.example")) != nil)
    #expect((paces.opensAt(for: mail("other.example")) != nil) == (domains == 8))
  }
}
