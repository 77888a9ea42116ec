import Testing

@testable import DedupStore

@Suite("Waiting for messages that are arriving")
struct GatheringTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Double) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  @Test("nobody is waited for when nothing arrives")
  func alone() {
    var gathering = Gathering()
    #expect(gathering.wait(mails: 1, arriving: 0, at: start) == nil)
    #expect(!gathering.isWaiting(for: 0))
  }

  @Test("those that were arriving when the first was ready are waited for, and none that began later")
  func target() {
    var gathering = Gathering()
    #expect(gathering.wait(mails: 1, arriving: 2, at: start) == .milliseconds(1))
    #expect(gathering.isWaiting(for: 2) && !gathering.isWaiting(for: 3))
    #expect(gathering.wait(mails: 2, arriving: 5, at: at(0.4)) == .milliseconds(0.6))
    #expect(gathering.wait(mails: 3, arriving: 5, at: at(0.5)) == nil)
  }

  @Test("the wait ends, and the next batch waits again when at least half of them came")
  func half() {
    var gathering = Gathering()
    #expect(gathering.wait(mails: 1, arriving: 1, at: start) != nil)
    #expect(gathering.wait(mails: 1, arriving: 1, at: at(1)) == nil)
    #expect(gathering.wait(mails: 1, arriving: 1, at: at(1.5)) == .milliseconds(1))
  }

  @Test("clients on slow lines keep nobody waiting but once in a while")
  func slow() {
    var gathering = Gathering()
    #expect(gathering.wait(mails: 1, arriving: 9, at: start) != nil)
    #expect(gathering.wait(mails: 1, arriving: 9, at: at(1)) == nil)
    #expect(gathering.wait(mails: 1, arriving: 9, at: at(2)) == nil)
    #expect(gathering.wait(mails: 1, arriving: 9, at: at(20)) == nil)
    #expect(gathering.wait(mails: 1, arriving: 9, at: at(21)) == .milliseconds(1))
  }
}
