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
@Suite(.timeLimit(.minutes(5))) struct QueueRunnerTests {
  @Test("what was queued before the start and what comes later is delivered once and leaves the queue")
  func delivers() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.delivered(reply: "250 ok")])
    try await bench.accept(bench.submission(1))
    try await bench.run(transport) {
      var seen: [QueueID] = []
      for await (id, envelope, message) in transport.deliveries {
        #expect(envelope.recipients == [EmailAddress("ops@shop.example")])
        #expect(message == Array("Received: x\r\nSubject: \(id.rawValue)\r\n\r\nbody\r\n".utf8))
        seen.append(id)
        if seen.count == 1 { try await bench.accept(bench.submission(2)) }
        if seen.count == 2 { break }
      }
      #expect(seen == [QueueID(rawValue: 1), QueueID(rawValue: 2)])
    }
    let status = try await bench.store.queueStatus()
    #expect(status.waiting == 0)
  }

  @Test("a deferred mail is tried again when its wait is over")
  func retries() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.deferred(reason: "451"), .deferred(reason: "451"), .delivered(reply: "250")])
    try await bench.accept(bench.submission(1))
    try await bench.run(transport) {
      var tries = 0
      for await _ in transport.deliveries {
        tries += 1
        if tries == 3 { break }
      }
    }
    let status = try await bench.store.queueStatus()
    #expect(status.waiting == 0)
  }

  @Test("a mail that was not offered goes when the way is open; one that failed with it is due then")
  func closedWay() async throws {
    var bench = try Bench()
    bench.policy.waits = [.seconds(3600)]
    defer { bench.remove() }
    for reason in ["closed", "lost"] {
      let transport = ScriptedTransport([.deferred(reason: reason), .delivered(reply: "250 ok")])
      try await bench.accept(bench.submission(reason == "closed" ? 1 : 2))
      try await bench.run(transport) {
        var tries = 0
        for await _ in transport.deliveries {
          tries += 1
          if tries == 1 { transport.set(.closed(for: .zero, asks: true)) }
          if tries == 2 { break }
        }
      }
      #expect(try await bench.store.queueStatus().waiting == 0)
    }
  }

  @Test("a rejected mail comes back to its sender, from the null sender")
  func bounces() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([
      .rejected(reason: "550 no such user", status: "5.1.1"), .delivered(reply: "250 ok"),
    ])
    try await bench.accept(bench.submission(1))
    try await bench.run(transport) {
      var tries = 0
      for await (_, envelope, message) in transport.deliveries {
        tries += 1
        guard tries == 2 else { continue }
        #expect(envelope.sender.isNull)
        #expect(envelope.recipients == [EmailAddress("django@shop.example")])
        #expect(String(decoding: message, as: UTF8.self).contains("550 no such user"))
        break
      }
    }
  }

  @Test("a bounce that is rejected too is given up, never answered")
  func neverBouncesABounce() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.rejected(reason: "550 no", status: nil)])
    try await bench.accept(bench.submission(1, sender: ""))
    try await bench.accept(bench.submission(2))
    try await bench.run(transport) {
      var tries = 0
      for await _ in transport.deliveries {
        tries += 1
        // The mail without a sender, the other mail, and the bounce for that one.
        if tries == 3 { break }
      }
    }
    let status = try await bench.store.queueStatus()
    #expect(status.waiting == 0)
  }

  @Test("a bounce that is rejected goes to the postmaster, once, with all of it; that one is never answered")
  func postmaster() async throws {
    var bench = try Bench()
    defer { bench.remove() }
    bench.postmaster = EmailAddress("postmaster@relay.example")
    let transport = ScriptedTransport([.rejected(reason: "550 5.1.1 no such user", status: "5.1.1")])
    try await bench.accept(bench.submission(1))
    try await bench.run(transport) {
      var tries = 0
      for await (_, envelope, message) in transport.deliveries {
        tries += 1
        guard tries == 3 else { continue }
        #expect(envelope.sender.isNull && envelope.recipients == [EmailAddress("postmaster@relay.example")])
        let text = String(decoding: message, as: UTF8.self)
        #expect(text.contains("Subject: A bounce was not delivered"))
        #expect(text.contains("Final-Recipient: rfc822; django@shop.example"))
        #expect(text.contains("Final-Recipient: rfc822; ops@shop.example"), "the bounce is attached")
        break
      }
    }
    #expect(try await bench.store.queueStatus().waiting == 0, "one mail for the postmaster, not another")
  }

  @Test("a rejected mail of which its sender wants to hear nothing is dropped, and one that may come back comes whole")
  func honoursRequests() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.rejected(reason: "550 no such user", status: "5.1.1")])
    let ops = EmailAddress("ops@shop.example")
    let silent = DeliveryStatusRequest(wishes: [ops: .init(notify: .never)])
    let full = DeliveryStatusRequest(returns: .full, envelopeID: Xtext("QQ1"), wishes: [ops: .init(notify: .failure)])
    try await bench.accept(bench.submission(1, request: silent))
    try await bench.accept(bench.submission(2, request: full))
    try await bench.run(transport) {
      var tries = 0
      for await (id, envelope, message) in transport.deliveries {
        tries += 1
        if id.rawValue == 1 { #expect(envelope.statusRequest == silent) }
        guard tries == 3 else { continue }
        let text = String(decoding: message, as: UTF8.self)
        #expect(envelope.sender.isNull && envelope.statusRequest == nil)
        #expect(text.contains("Original-Envelope-Id: QQ1\r\n") && text.contains("Subject: 2\r\n\r\nbody\r\n"))
        break
      }
    }
    #expect(try await bench.store.queueStatus().waiting == 0)
  }

  @Test("a sender that asked for it hears that its mail was relayed where the next hop speaks no DSN")
  func confirms() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.delivered(reply: "250 ok")])
    let request = DeliveryStatusRequest(wishes: [EmailAddress("ops@shop.example"): .init(notify: .success)])
    try await bench.accept(bench.submission(1, request: request))
    try await bench.run(transport) {
      var tries = 0
      for await (_, envelope, message) in transport.deliveries {
        tries += 1
        guard tries == 2 else { continue }
        #expect(envelope.sender.isNull && envelope.recipients == [EmailAddress("django@shop.example")])
        #expect(String(decoding: message, as: UTF8.self).contains("Action: relayed\r\n"))
        break
      }
    }
    #expect(try await bench.store.queueStatus().waiting == 0)
  }

  @Test("mail that comes in while the queue is asked is delivered once, whether it was handed over or in the answer")
  func once() async throws {
    // Which of them it is depends on who is faster.
    for _ in 0..<20 {
      let bench = try Bench()
      defer { bench.remove() }
      let transport = ScriptedTransport([.delivered(reply: "250 ok")], pause: .milliseconds(1))
      let numbers = 1...9 as ClosedRange<Int64>
      try await bench.run(transport) {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
          for number in numbers { tasks.addTask { try await bench.accept(bench.submission(number)) } }
          try await tasks.waitForAll()
        }
        _ = try await eventually { try await bench.store.queueStatus().waiting == 0 }
      }
      transport.end()
      let seen = await transport.deliveries.reduce(into: []) { $0.append($1.0.rawValue) }
      #expect(seen.sorted() == Array(numbers))
    }
  }

  @Test("a mail that an admin deletes while it waits behind others is not sent")
  func deleted() async throws {
    let bench = try Bench()
    defer { bench.remove() }
    let transport = ScriptedTransport([.delivered(reply: "250 ok")], waits: true)
    try await bench.run(transport) {
      // The first three take all places.
      for number in 1...5 as ClosedRange<Int64> { try await bench.accept(bench.submission(number)) }
      var deliveries = transport.deliveries.makeAsyncIterator()
      for _ in 1...3 { #expect(await deliveries.next().map { $0.0.rawValue < 4 } == true) }
      _ = try await bench.store.change(.delete, .ids([QueueID(rawValue: 4)]), now: WallClock.now())
      transport.goOn()
      #expect(await deliveries.next()?.0 == QueueID(rawValue: 5))
    }
    #expect(try await bench.store.queueStatus().waiting == 0)
  }

  @Test("after a shutdown nothing is lost: what was not delivered is still queued")
  func shutdown() async throws {
    var bench = try Bench()
    bench.policy.waits = [.seconds(3600)]
    defer { bench.remove() }
    let transport = ScriptedTransport([.deferred(reason: "connection refused")])
    try await bench.accept(bench.submission(1))
    try await bench.run(transport) { for await _ in transport.deliveries { break } }
    let queue = try await bench.store.queue(limit: 10)
    #expect(queue.map(\.attempts) == [1])
    #expect(queue.first?.lastFailure?.contains("connection refused") == true)
  }
}
