import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Latest samples are written once a second")
struct LatestSamplesTests {
  private static let start = ContinuousClock.now

  private static func sample(_ octets: Int = 10) -> SampleTable.Sample {
    .init(arrivedAt: nine, octets: octets, message: Array(repeating: 0x61, count: octets))
  }

  /// What became of arrivals: the error, its octets, and ms since the start.
  private static func held(_ arrivals: [(error: Int64, octets: Int, at: Int)], _ latest: inout LatestSamples) -> [Bool]
  {
    arrivals.map { latest.holds(sample($0.octets), of: $0.error, at: start + .milliseconds($0.at)) }
  }

  private static func due(at milliseconds: Int, _ latest: inout LatestSamples) -> [Int64: Int] {
    latest.due(at: start + .milliseconds(milliseconds)).mapValues(\.octets)
  }

  @Test("the first is written at once, the next waits, the last that waits is written when a second is over")
  func pace() {
    var latest = LatestSamples()
    let held = Self.held([(1, 10, 0), (1, 11, 10), (1, 12, 20), (2, 10, 20)], &latest)
    #expect(held == [false, true, true, false])
    let due = [Self.due(at: 999, &latest), Self.due(at: 1000, &latest), Self.due(at: 1001, &latest)]
    #expect(due == [[:], [1: 12], [:]])
    let again = Self.held([(1, 10, 1500)], &latest)
    #expect(again == [true], "a second from then")
    let rest = latest.all()
    #expect(rest.count == 1 && latest.isEmpty)
  }

  @Test("one that comes after the second takes the place of what waited")
  func replaced() {
    var latest = LatestSamples()
    let held = Self.held([(1, 10, 0), (1, 10, 500), (1, 10, 2000)], &latest)
    #expect(held == [false, true, false] && latest.isEmpty)
  }

  @Test("what waits is bounded in octets and in number: the rest is written at once")
  func bounded() {
    var latest = LatestSamples()
    _ = Self.held((0..<20).map { ($0, 10, 0) }, &latest)
    let large = Self.held((0..<20).map { ($0, 1 << 20, 1) }, &latest)
    #expect(large.count { $0 } == 4)
    var many = LatestSamples()
    _ = Self.held((0..<1500).map { ($0, 10, 0) }, &many)
    let small = Self.held((0..<1500).map { ($0, 10, 1) }, &many)
    #expect(small.count { $0 } == 1000)
  }

  @Test("whoever asks sees the latest, and so does the next start; of an error that is gone none is written")
  func asked() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mails = (0..<6).map { Shop.report(text: "\($0)") }
    // The last of these waits, unless the machine takes a second for them; what is seen is the same.
    for mail in mails.prefix(4) { try await store.accept(mail) }
    let shown = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(shown.latestSample == .kept(mails[3].message.head) && !store.writer.holdsSamples)
    for mail in mails.dropFirst(4) { try await store.accept(mail) }
    store.close()
    let stored = try #require(
      try await StoreReader(readingDirectory: folder.path).fingerprint(idPrefix: "v1:aaaa1", now: nine).first)
    #expect(stored.latestSample == .kept(mails[5].message.head))
    let again = try Shop.store(folder)
    defer { again.close() }
    try await again.commit { batch in
      try SampleTable.write([4711: Self.sample()], batch.db)
    }
  }
}
