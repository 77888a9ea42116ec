import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import SMTPClient
import Synchronization
import Testing

/// Several smarthosts: which one gets a mail when some of them fail.
@Suite(.timeLimit(.minutes(5)))
struct FailOverTests {
  private let group = MultiThreadedEventLoopGroup.singleton
  private let clock = ManualClock()

  private func transport(
    to ports: Int..., adjust: (inout SMTPTransportSettings) -> Void = { _ in }
  ) throws -> SMTPTransport {
    let clock = clock
    var settings = SMTPTransportSettings(hostname: "us.example")
    adjust(&settings)
    // On a busy machine a connection may wait long for its first mail.
    settings.idle = .seconds(600)
    return SMTPTransport(
      links: ports.map { SmarthostLink(Smarthost(host: "127.0.0.1", port: $0)) }, settings: settings,
      tls: try TLSClient(for: []), group: group,
      logger: .quiet, clock: { clock.elapsed })
  }

  private func deliver(over transport: SMTPTransport) async -> DeliveryOutcome? {
    let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d")])
    return await transport.deliver(envelope, message: Message(Array("x\r\n".utf8)), id: QueueID(rawValue: 1)).outcomes
      .first
  }

  private let delivered = DeliveryOutcome.delivered(reply: "250 2.0.0 queued")

  @Test("the second host takes what the first cannot, which is not asked for each mail and preferred again later")
  func returns() async throws {
    let box = Box()
    let first = try await ScriptedSmarthost.start(on: group) { request in
      box.flag.load(ordering: .relaxed) && request.step == .greeting ? .sayAndDrop("421 4.3.2 not now") : nil
    }
    let second = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: first.port, second.port)
    for _ in 0..<5 { #expect(await deliver(over: transport) == delivered) }
    #expect(first.connections == 1 && second.mails.count == 5)
    clock.advance(by: .seconds(30))
    #expect(await deliver(over: transport) == delivered)
    #expect(first.connections == 2 && second.mails.count == 6)
    box.flag.store(false, ordering: .relaxed)
    clock.advance(by: .seconds(30))
    #expect(await deliver(over: transport) == delivered)
    #expect(first.connections == 2, "after the second failure it is left alone for a minute")
    clock.advance(by: .seconds(30))
    #expect(await deliver(over: transport) == delivered)
    #expect(first.mails.count == 1 && second.mails.count == 7)
    await transport.shutdown()
    await first.stop()
    await second.stop()
  }

  static let hangs: [(answer: ScriptedSmarthost.Answer, shows: String)] = [
    (.silence, "says nothing"), (.drip(.milliseconds(20)), "dribbles its reply"),
  ]

  @Test("a first host that hangs at EHLO costs no more than one that hangs at the banner", arguments: hangs)
  func hangingIntroduction(_ hang: (answer: ScriptedSmarthost.Answer, shows: String)) async throws {
    let first = try await ScriptedSmarthost.start(on: group) { $0.step == .ehlo ? hang.answer : nil }
    let second = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: first.port, second.port) { $0.timeouts.withAlternative = .milliseconds(500) }
    #expect(await deliver(over: transport) == delivered, "\(hang.shows)")
    #expect(second.mails.count == 1 && first.mails.isEmpty)
    let failure = await transport.hostReports().first?.failure
    #expect(failure?.kind == .unreachable && failure?.reason == "no reply to EHLO in time")
    await transport.shutdown()
    await first.stop()
    await second.stop()
  }

  private final class Box: Sendable {
    /// The first smarthost is down.
    let flag = Atomic(true)
  }

  @Test("the log and a bounce name the host that took the mail, or whose fault it is that nobody did")
  func namesTheHost() async throws {
    let first = try await ScriptedSmarthost.start(on: group) { $0.step == .greeting ? .drop : nil }
    let second = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: first.port, second.port)
    let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d")])
    let message = Message(Array("x\r\n".utf8))
    let taken = await transport.deliver(envelope, message: message, id: QueueID(rawValue: 1))
    #expect(taken.remote == Smarthost(host: "127.0.0.1", port: second.port))
    #expect(taken.nextHop == "127.0.0.1:\(second.port)")
    await second.stop()
    clock.advance(by: .seconds(10))
    let deferred = await transport.deliver(envelope, message: message, id: QueueID(rawValue: 2))
    #expect(deferred.remote?.port == second.port, "the first one rests and was not asked")
    await transport.shutdown()
    await first.stop()
  }

  @Test("a dead smarthost costs one connection, not one for each mail; the reason is kept")
  func deadUpstream() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { $0.step == .greeting ? .drop : nil }
    let transport = try transport(to: smarthost.port)
    for _ in 0..<5 {
      guard case .deferred(let reason) = await deliver(over: transport) else {
        Issue.record("not deferred")
        continue
      }
      #expect(reason.hasPrefix("connection lost while waiting for the banner"))
    }
    #expect(smarthost.connections == 1)
    await transport.shutdown()
    await smarthost.stop()
  }

  /// A connection that dies in the envelope moves the mail to the next host; one that dies behind the message does not,
  /// for it may have been taken.
  @Test(
    "a connection that dies in the envelope moves the mail on, and one that dies behind the message does not",
    arguments: [(ScriptedSmarthost.Step.mail, true), (.rcpt, true), (.data, true), (.message, false)])
  func midway(step: ScriptedSmarthost.Step, moves: Bool) async throws {
    let first = try await ScriptedSmarthost.start(on: group) { $0.step == step ? .drop : nil }
    let second = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: first.port, second.port)
    #expect((await deliver(over: transport) == delivered) == moves)
    #expect(second.mails.count == (moves ? 1 : 0))
    await transport.shutdown()
    await first.stop()
    await second.stop()
  }

  @Test(
    "what the first host says about the mail itself holds, for now or for good",
    arguments: ["451 4.7.1 greylisted", "550 5.1.1 no such user"])
  func answersHold(answer: String) async throws {
    let first = try await ScriptedSmarthost.start(on: group) { $0.step == .rcpt ? .say(answer) : nil }
    let second = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: first.port, second.port)
    for _ in 0..<2 { #expect(await deliver(over: transport) != delivered) }
    #expect(second.connections == 0 && first.connections == 1)
    await transport.shutdown()
    await first.stop()
    await second.stop()
  }
}
