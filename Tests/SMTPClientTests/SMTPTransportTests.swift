import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import SMTPClient
import Testing

/// Delivery over real sockets, to a smarthost that misbehaves at every step.
@Suite(.timeLimit(.minutes(5)))
struct SMTPTransportTests {
  typealias Step = ScriptedSmarthost.Step

  let group = MultiThreadedEventLoopGroup.singleton
  private let noTLS: TLSClient

  init() throws { noTLS = try TLSClient(for: []) }

  let message = Array("Subject: x\r\n\r\n.dot\r\n".utf8)
  let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d"), EmailAddress("e@f")])

  func transport(
    to port: Int, _ adjust: (inout SMTPTransportSettings) -> Void = { _ in }
  ) -> SMTPTransport {
    var settings = SMTPTransportSettings(hostname: "us.example")
    // On a busy machine a connection may wait long for its first mail.
    settings.idle = .seconds(600)
    // These tests ask again at once.
    settings.rests = RestRule(BackOff(shortest: .zero, longest: .zero))
    adjust(&settings)
    return SMTPTransport(
      relays: [Relay(Smarthost(host: "127.0.0.1", port: port))], settings: settings, tls: noTLS, group: group,
      logger: .quiet)
  }

  func deliver(over transport: SMTPTransport, _ envelope: Envelope? = nil) async -> String {
    let outcomes = await transport.deliver(
      envelope ?? self.envelope, message: Message(message), id: QueueID(rawValue: 1)
    ).outcomes
    return outcomes.map { outcome in
      switch outcome {
      case .delivered: "D"
      case .deferred: "T"
      case .rejected: "P"
      }
    }.joined()
  }

  @Test("a mail arrives as it is, over one connection that the next mail uses as well, without RSET between them")
  func delivers() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = transport(to: smarthost.port)
    for _ in 0..<3 { #expect(await deliver(over: transport) == "DD") }
    #expect(smarthost.connections == 1)
    #expect(smarthost.mails.count == 3)
    #expect(smarthost.mails.first?.message == message)
    #expect(smarthost.mails.first?.recipients == ["TO:<c@d>", "TO:<e@f>"])
    #expect(!smarthost.commands.contains("RSET"))
    await transport.shutdown()
    await smarthost.stop()
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let step: Step
    let answer: ScriptedSmarthost.Answer
    let outcome: String
    /// We do not wait long.
    var isHasty = false
    var testDescription: String { "\(step.rawValue) \(answer)" }
  }

  static let faults: [Fault] = Step.allCases.filter {
    ![.quit, .rset, .helo, .starttls, .auth, .response].contains($0)
  }.flatMap { step in
    let isAboutTheMail = [.mail, .rcpt, .data, .message].contains(step)
    // What ends a connection there is tried once more over another one, unless the message may have been taken.
    let again = step == .rcpt || step == .data ? "DD" : "TT"
    return [
      Fault(step: step, answer: .say("451 4.3.0 later"), outcome: "TT"),
      Fault(step: step, answer: .say("550 5.7.1 never"), outcome: isAboutTheMail ? "PP" : step == .ehlo ? "DD" : "TT"),
      Fault(step: step, answer: .sayAndDrop("421 leaving"), outcome: step == .message ? "DD" : again),
      Fault(step: step, answer: .sayAndDrop("421 4.3.2 leaving"), outcome: step == .rcpt ? "TD" : "TT"),
      Fault(step: step, answer: .silence, outcome: "TT", isHasty: true),
      Fault(step: step, answer: .drop, outcome: again),
      Fault(step: step, answer: .say("what is this?"), outcome: again),
      Fault(step: step, answer: .drip(.milliseconds(1)), outcome: "DD"),
      Fault(step: step, answer: .drip(.milliseconds(60)), outcome: "TT", isHasty: true),
      Fault(step: step, answer: .say("250-\(String(repeating: "x", count: 5000))"), outcome: again),
    ]
  }

  @Test(
    "every fault at every step is an outcome of its own kind for every recipient, and the next mail is delivered",
    arguments: faults)
  func fault(_ fault: Fault) async throws {
    // What drips must not be overtaken by the reply to the next command.
    let extensions = if case .drip = fault.answer { ["8BITMIME"] } else { ["PIPELINING", "8BITMIME", "SIZE 10000000"] }
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: extensions) { request in
      request.connection == 1 && request.step == fault.step ? fault.answer : nil
    }
    let first = transport(to: smarthost.port) { if fault.isHasty { $0.timeouts = .short } }
    let outcome = await deliver(over: first)
    // Where we do not wait long a busy machine may look like a fault before the one that is meant, or give us at once what
    // was to drip.
    let isDripping = if case .drip = fault.answer { true } else { false }
    let isAsMeant = fault.isHasty ? outcome.contains("T") || isDripping && outcome == "DD" : outcome == fault.outcome
    #expect(isAsMeant, "\(outcome): \(smarthost.commands)")
    // What the connection still answers wrongly belongs to this test; a fresh one is right.
    await smarthost.dropConnections()
    // Short timeouts are for servers that stay silent; a busy machine must not look like one.
    let second = fault.isHasty ? transport(to: smarthost.port) : first
    #expect(await deliver(over: second) == "DD")
    await first.shutdown()
    await second.shutdown()
    await smarthost.stop()
  }

  @Test("some recipients are refused, the others get the mail")
  func someRecipients() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      request.line.contains("c@d") ? .say("550 5.1.1 no such user") : nil
    }
    let transport = transport(to: smarthost.port)
    let outcomes = await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: 1)).outcomes
    let refused = DeliveryOutcome.rejected(reason: "550 5.1.1 no such user (in reply to RCPT)", status: "5.1.1")
    #expect(outcomes == [refused, .delivered(reply: "250 2.0.0 queued")])
    #expect(smarthost.mails.first?.recipients == ["TO:<e@f>"])
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a host that speaks DSN takes over what the sender asked for; of any other the outcome says that it did not")
  func handover() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: ["DSN"])
    let transport = transport(to: smarthost.port)
    var asking = envelope
    asking.statusRequest = DeliveryStatusRequest(wishes: [EmailAddress("e@f"): .init(notify: .success)])
    let outcomes = await transport.deliver(asking, message: Message(message), id: QueueID(rawValue: 1)).outcomes
    let taken = DeliveryOutcome.delivered(reply: "250 2.0.0 queued", handover: .dutyPassedOn)
    #expect(outcomes == [taken, taken])
    #expect(smarthost.mails.first?.recipients == ["TO:<c@d>", "TO:<e@f> NOTIFY=SUCCESS"])
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("when all recipients are refused the message is not sent")
  func noRecipients() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { $0.step == .rcpt ? .say("550 no") : nil }
    let transport = transport(to: smarthost.port)
    #expect(await deliver(over: transport) == "PP")
    #expect(!smarthost.commands.contains("<message>"))
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a server that asks for the message nevertheless gets neither that nor the next commands in its place")
  func messageForNobody() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      switch request.step {
      case .rcpt where request.connection == 1: .say("550 no")
      case .data: .say("354 go on")
      default: nil
      }
    }
    let transport = transport(to: smarthost.port)
    #expect(await deliver(over: transport) == "PP")
    #expect(await deliver(over: transport) == "DD")
    #expect(smarthost.connections == 2 && smarthost.mails.map(\.message) == [message])
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a kept connection that the server closed in the meantime costs the mail nothing")
  func deadConnection() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      // The second MAIL of the first connection meets a server that is about to leave.
      request.connection == 1 && request.step == .mail && request.line.contains("second") ? .drop : nil
    }
    let transport = transport(to: smarthost.port)
    #expect(await deliver(over: transport) == "DD")
    let second = Envelope(sender: EmailAddress("second@b"), recipients: [EmailAddress("c@d")])
    #expect(await deliver(over: transport, second) == "D")
    #expect(smarthost.connections == 2 && smarthost.mails.count == 2)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a connection that dies behind the final dot is not tried again at once: the mail may have been taken")
  func lostAnswer() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { $0.step == .message ? .drop : nil }
    let transport = transport(to: smarthost.port)
    #expect(await deliver(over: transport) == "TT")
    #expect(smarthost.connections == 1)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("nobody listens, and nothing resolves: deferred, with a reason that names the remedy")
  func unreachable() async throws {
    // tcpmux, which nobody runs; a port that was free a moment ago may be another test's by now.
    let port = 1
    let outcomes = await transport(to: port).deliver(envelope, message: Message(message), id: QueueID(rawValue: 1))
      .outcomes
    #expect(outcomes.first == .deferred(reason: "cannot connect to 127.0.0.1:\(port): Connection refused"))
    let nowhere = SMTPTransport(
      relays: [Relay(Smarthost(host: "nowhere.invalid", port: 25))], settings: .init(hostname: "us.example"),
      tls: noTLS, group: group,
      logger: .quiet)
    guard
      case .deferred(let reason) = await nowhere.deliver(envelope, message: Message(message), id: QueueID(rawValue: 1))
        .outcomes.first
    else {
      Issue.record("delivered to nowhere")
      return
    }
    #expect(reason.hasPrefix("cannot resolve nowhere.invalid"))
  }

  @Test(
    "a delivery that is cancelled ends at once, wherever it waits, and the mail is deferred",
    arguments: [Step.greeting, .ehlo, .mail, .rcpt, .data, .message])
  func cancelled(_ step: Step) async throws {
    let (asked, arrived) = AsyncStream<Void>.makeStream()
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      guard request.step == step else { return nil }
      arrived.yield()
      return .silence
    }
    let transport = transport(to: smarthost.port)
    let delivery = Task { await deliver(over: transport) }
    for await _ in asked { break }
    delivery.cancel()
    #expect(await delivery.value == "TT")
    #expect(smarthost.connections == 1, "it is not tried again")
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("many mails at once share the connections that are allowed, and all arrive")
  func boundedPool() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = transport(to: smarthost.port) { $0.connections = 3 }
    let delivered = await withTaskGroup(of: String.self) { tasks in
      for _ in 0..<40 { tasks.addTask { await deliver(over: transport) } }
      return await tasks.reduce(0) { $0 + ($1 == "DD" ? 1 : 0) }
    }
    #expect(delivered == 40 && smarthost.mails.count == 40 && smarthost.connections <= 3)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a connection is given up after its number of mails")
  func mailsPerConnection() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = transport(to: smarthost.port) { $0.mailsPerConnection = 2 }
    for _ in 0..<4 { #expect(await deliver(over: transport) == "DD") }
    #expect(smarthost.connections == 2)
    await transport.shutdown()
    await smarthost.stop()
  }
  @Test("after shutting down nothing is sent any more, and what is on its way is cut off in time")
  func shutdown() async throws {
    let (arrivals, arrival) = AsyncStream<Void>.makeStream()
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      guard request.step == .message else { return nil }
      arrival.yield()
      return .silence
    }
    let transport = transport(to: smarthost.port)
    async let stuck = deliver(over: transport)
    for await _ in arrivals { break }
    await transport.shutdown(within: .milliseconds(10))
    #expect(await stuck == "TT")
    #expect(await deliver(over: transport) == "TT")
    await smarthost.stop()
  }
}

/// A file of which only the first octets can be read.
final class OctetsInFile: OctetFile {
  private struct Gone: Error, CustomStringConvertible {
    let description = "gone"
  }

  let octets: [UInt8]
  let readable: Int

  init(_ octets: [UInt8], readable: Int) {
    self.octets = octets
    self.readable = readable
  }

  var count: Int { octets.count }

  func read(at offset: Int, count: Int) throws -> [UInt8] {
    guard offset + count <= readable else { throw Gone() }
    return Array(octets[offset..<offset + count])
  }
}
