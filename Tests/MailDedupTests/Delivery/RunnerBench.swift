import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import ServiceLifecycle
import Synchronization
import Testing

@testable import MailDedup

/// Answers each delivery with the next of its outcomes, the last one for ever.
final class ScriptedTransport: Transport {
  let nextHop = "scripted"
  private let script: Mutex<[DeliveryOutcome]>
  let delivered: AsyncStream<(QueueID, Envelope, [UInt8])>.Continuation
  let deliveries: AsyncStream<(QueueID, Envelope, [UInt8])>

  /// Passes once it is told to go on.
  private let gate: AsyncStream<Void>
  private let opening: AsyncStream<Void>.Continuation

  let pause: Duration
  let state = Mutex(Admission.open)

  var admission: Admission { state.withLock { $0 } }

  func set(_ state: Admission.State) { self.state.withLock { $0.state = state } }

  /// The way is open when somebody looks.
  func lookAgain() async { set(.open) }

  /// - Parameters:
  ///   - waits: each delivery waits for `goOn`.
  ///   - pause: how long each takes.
  init(_ script: [DeliveryOutcome], waits: Bool = false, pause: Duration = .zero) {
    self.script = Mutex(script)
    self.pause = pause
    (deliveries, delivered) = AsyncStream.makeStream()
    (gate, opening) = AsyncStream.makeStream()
    if !waits { goOn() }
  }

  func goOn() { opening.finish() }

  func end() { delivered.finish() }

  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    let outcome = script.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    delivered.yield((id, envelope, message.head))
    for await _ in gate {}
    if pause > .zero { try? await letTimePass(pause) }
    var result = DeliveryResult(envelope.recipients.map { _ in outcome }, nextHop: nextHop)
    if case .deferred(let reason) = outcome, reason == "closed" {
      set(.closed(for: .milliseconds(10), asks: true))
      result.wasOffered = false
    }
    if case .deferred(let reason) = outcome, reason == "lost" {
      set(.closed(for: .milliseconds(10), asks: true))
      result.awaitsNextHop = true
    }
    return result
  }
}

/// A runner over a store in a folder of its own.
struct Bench {
  let folder: TemporaryFolder
  let store: SQLiteStore
  var policy = RetryPolicy()
  var postmaster: EmailAddress?

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    policy.waits = [.milliseconds(10)]
  }

  func submission(
    _ number: Int64, sender: String = "django@shop.example", request: DeliveryStatusRequest? = nil
  ) -> Submission {
    Submission(
      id: QueueID(rawValue: number), receivedAt: Timestamp(seconds: 1_795_356_185),
      envelope: Envelope(
        sender: EmailAddress(sender), recipients: [EmailAddress("ops@shop.example")], statusRequest: request),
      received: { Array("Received: x\r\n".utf8) }, message: Message(Array("Subject: \(number)\r\n\r\nbody\r\n".utf8)),
      judge: { .pass(reason: "no-report-structure") })
  }

  func accept(_ submission: Submission) async throws {
    _ = try await withCheckedThrowingContinuation { done in
      store.accept(submission) { done.resume(with: $1) }
    }
  }

  /// Runs the runner until `body` returns, then shuts it down gracefully.
  func run(_ transport: ScriptedTransport, _ body: @escaping @Sendable () async throws -> Void) async throws {
    let runner = QueueRunner(
      store: store, destinations: Live(Destinations(transport, policy, postmaster: postmaster)), logger: .quiet)
    let group = ServiceGroup(services: [runner], logger: .quiet)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      try await body()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }

  func remove() { store.close() }
}
