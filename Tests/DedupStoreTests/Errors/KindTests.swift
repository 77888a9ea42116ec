import DedupCore
import MailTestKit
import Testing

@testable import DedupStore

/// New errors of one type at one place are bounded: what tells them apart may be a visitor's words (finds V1, T6).
@Suite("New errors of one kind are bounded") struct KindTests {
  private static func report(_ name: String, kind: String, at time: Timestamp = nine) -> Submission {
    var occurrence = Shop.occurrence(name)
    occurrence.kind = kind
    return Shop.mail(.report(occurrence), at: time)
  }

  @Test("ten go out within the hour, the digest names the others within five minutes, and another kind goes out")
  func bound() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var reasons: [String] = []
    for number in 0..<12 { reasons.append(try await store.accept(Self.report("name\(number)", kind: "a")).reason) }
    #expect(reasons == Array(repeating: "first", count: 10) + Array(repeating: "storm-cap", count: 2))
    #expect(try await store.accept(Self.report("other", kind: "b")).reason == "first")
    #expect(try await store.accept(Self.report("known", kind: "")).reason == "first")
    _ = try await store.tellWhatIsDue(now: nine + .minutes(5))
    #expect(try await store.queue(limit: 100).count { $0.kind == .notice } == 1)
    #expect(try await store.accept(Self.report("name11", kind: "a", at: nine + .minutes(6))).reason == "inside-window")
  }

  @Test("a known error of the kind keeps its window, and after an hour new ones go out again")
  func afterwards() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for number in 0..<11 { try await store.accept(Self.report("name\(number)", kind: "a")) }
    let later = nine + .minutes(61)
    #expect(try await store.accept(Self.report("name0", kind: "a", at: later)).reason == "window-elapsed")
    #expect(try await store.accept(Self.report("new", kind: "a", at: later)).reason == "first")
  }
}
