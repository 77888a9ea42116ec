import DedupCore
import Testing

/// How long a host that failed is left alone.
struct BackOffTests {
  @Test("it doubles from 30 s to 5 min", arguments: [(1, 30), (2, 60), (3, 120), (4, 240), (5, 300), (1000, 300)])
  func waits(failures: Int, seconds: Int) {
    #expect(BackOff().wait(after: failures) == .seconds(seconds))
  }

  @Test("a mail whose retry is due does not find the host still left alone")
  func suitsRetries() {
    var retry = RetryPolicy()
    #expect(BackOff(for: retry) == BackOff(shortest: .seconds(24), longest: .seconds(300)))
    retry.waits = [.seconds(1)]
    retry.jitter = 0
    #expect(BackOff(for: retry) == BackOff(shortest: .seconds(1), longest: .seconds(1)))
    retry.waits = []
    #expect(BackOff(for: retry).shortest == .seconds(30))
  }
}
