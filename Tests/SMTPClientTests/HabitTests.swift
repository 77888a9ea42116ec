import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
@testable import SMTPClient
import SMTPProtocol
import Synchronization
import Testing

/// Hosts with habits, over real sockets: what is tried again at once, what is learnt, and what a closed way costs.
@Suite(.timeLimit(.minutes(5)))
struct HabitTests {
  private let group = MultiThreadedEventLoopGroup.singleton
  private let clock = ManualClock()

  private func transport(
    to ports: Int..., adjust: (inout SMTPTransportSettings) -> Void = { _ in }
  ) throws -> SMTPTransport {
    let clock = clock
    var settings = SMTPTransportSettings(hostname: "us.example")
    // On a busy machine a connection may wait long for its first mail.
    settings.idle = .seconds(600)
    adjust(&settings)
    return SMTPTransport(
      links: ports.map { SmarthostLink(Smarthost(host: "127.0.0.1", port: $0)) }, settings: settings,
      tls: try TLSClient(for: []), group: group, logger: .quiet,
      clock: { clock.elapsed })
  }

  private func deliver(
    over transport: SMTPTransport, from sender: String = "a@b", to recipients: [String] = ["c@d"],
    _ text: String = "x\r\n", id: Int64 = 1
  ) async -> DeliveryResult {
    let envelope = Envelope(sender: EmailAddress(sender), recipients: recipients.map { EmailAddress($0) })
    return await transport.deliver(envelope, message: Message(Array(text.utf8)), id: QueueID(rawValue: id))
  }

  private let delivered = DeliveryOutcome.delivered(reply: "250 2.0.0 queued")

  @Test("a host that ends connections after two mails gets two on each, without a mail waiting")
  func mailsPerConnection() async throws {
    let mails = Mutex<[Int: Int]>([:])
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      guard request.step == .rcpt else { return nil }
      let count = mails.withLock { mails in
        mails[request.connection, default: 0] += 1
        return mails[request.connection] ?? 0
      }
      return count > 2 ? .sayAndDrop("421 4.7.0 enough") : nil
    }
    let transport = try transport(to: smarthost.port)
    for _ in 1...8 { #expect(await deliver(over: transport).outcomes == [delivered]) }
    #expect(await transport.hostReports().first?.limits.mailsPerConnection.value == 2)
    #expect(smarthost.connections == 4)
    #expect(transport.admission.state == .open)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a host that takes one connection gets all mail over that one")
  func oneConnection() async throws {
    let open = Mutex<Set<Int>>([])
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      open.withLock { open in
        if request.step == .quit { open.remove(request.connection) }
        guard request.step == .greeting else { return nil }
        guard open.isEmpty else { return .sayAndDrop("421 4.7.0 too many connections") }
        open.insert(request.connection)
        return nil
      }
    }
    let transport = try transport(to: smarthost.port) { $0.connections = 5 }
    #expect(await deliver(over: transport).outcomes == [delivered])
    let taken = await withTaskGroup(of: Bool.self) { tasks in
      for number in 2...21 as ClosedRange<Int64> {
        tasks.addTask { await deliver(over: transport, id: number).outcomes == [delivered] }
      }
      return await tasks.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(taken == 20 && transport.admission == Admission(.open, mails: 1))
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a recipient that ends connections is given up for now, the others get the mail at once, the host gets no rest")
  func poisonedRecipient() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) {
      $0.line.contains("poison") ? .sayAndDrop("421 4.3.0 ouch") : nil
    }
    let transport = try transport(to: smarthost.port)
    let result = await deliver(over: transport, to: ["a@x", "poison@x", "b@x"])
    #expect(result.outcomes.map { $0 == delivered } == [true, false, true] && result.wasOffered)
    #expect(Set(smarthost.mails.flatMap(\.recipients)) == ["TO:<a@x>", "TO:<b@x>"])
    #expect(transport.admission.state == .open)
    let connections = smarthost.connections
    #expect(await deliver(over: transport, to: ["poison@x"], id: 2).outcomes != [delivered])
    #expect(smarthost.connections == connections + 1, "from then on it gets one try, on a connection of its own")
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("three mails in a row that end fresh connections close the way, and one that goes through opens it")
  func brokenHost() async throws {
    let isDown = Atomic(true)
    let smarthost = try await ScriptedSmarthost.start(on: group) {
      isDown.load(ordering: .relaxed) && $0.step == .data ? .drop : nil
    }
    let transport = try transport(to: smarthost.port)
    for number in 1...3 as ClosedRange<Int64> { _ = await deliver(over: transport, to: ["r\(number)@x"], id: number) }
    let closed = Admission.State.closed(for: .milliseconds(500), asks: false)
    #expect(transport.admission == Admission(closed, mails: 20, scope: .to(["x"])))
    let waiting = await deliver(over: transport, to: ["r4@x"], id: 4)
    #expect(!waiting.wasOffered && waiting.awaitsNextHop)
    clock.advance(by: .milliseconds(500))
    let trial = Admission(.trial, mails: 20, scope: .to(["x"]), trials: 4)
    #expect(transport.admission == trial, "only a mail can show that it works")
    isDown.store(false, ordering: .relaxed)
    #expect(await deliver(over: transport, to: ["r4@x"], id: 4).outcomes == [delivered])
    #expect(transport.admission.state == .open)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("the only host is looked at with a connection, which the first mail uses then")
  func looksAgain() async throws {
    let isDown = Atomic(true)
    let smarthost = try await ScriptedSmarthost.start(on: group) {
      isDown.load(ordering: .relaxed) && $0.step == .greeting ? .drop : nil
    }
    let transport = try transport(to: smarthost.port)
    #expect(await deliver(over: transport).wasOffered == false)
    await transport.lookAgain()
    #expect(smarthost.connections == 1, "it still rests")
    clock.advance(by: .milliseconds(500))
    #expect(transport.admission == Admission(.closed(for: .zero, asks: true), mails: 20))
    await transport.lookAgain()
    #expect(smarthost.connections == 2 && transport.admission.state != .open)
    #expect(await transport.hostReports().first?.failure?.kind == .unreachable)
    isDown.store(false, ordering: .relaxed)
    clock.advance(by: .seconds(2))
    await transport.lookAgain()
    #expect(transport.admission.state == .open)
    #expect(await deliver(over: transport).outcomes == [delivered])
    #expect(smarthost.connections == 3)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a throttle closes the way for a moment and is no fate of the mail")
  func throttled() async throws {
    let isDown = Atomic(true)
    let smarthost = try await ScriptedSmarthost.start(on: group) {
      isDown.load(ordering: .relaxed) && $0.step == .message
        ? .say("454 Throttling failure: Maximum sending rate exceeded.") : nil
    }
    let transport = try transport(to: smarthost.port)
    let result = await deliver(over: transport)
    #expect(result.isThrottled && result.wasOffered && result.awaitsNextHop)
    #expect(transport.admission.state != .open)
    #expect(await transport.hostReports().first?.failure?.kind == .throttling)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test(
    "a refusal for the rate names the mail that goes at a pace, one for what goes on at once does not",
    arguments: [
      ("454 4.7.0 Throttling failure: Maximum sending rate exceeded", true),
      ("432 4.3.2 Concurrent connections limit exceeded", false),
    ])
  func slowed(reply: String, isPaced: Bool) async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { $0.step == .message ? .say(reply) : nil }
    let transport = try transport(to: smarthost.port)
    let result = await deliver(over: transport)
    #expect(result.isThrottled && (result.slowed != nil) == isPaced)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a sender that is throttled holds up no mail from others, and rests")
  func throttledSender() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      request.step == .mail && request.line.contains("bad@x") ? .say("421 4.7.0 sender throttled") : nil
    }
    let transport = try transport(to: smarthost.port)
    let result = await deliver(over: transport, from: "bad@x")
    #expect(result.isThrottled && result.isRateLimited && result.wasOffered)
    #expect(transport.admission.scope == .from([EmailAddress("bad@x")]) && transport.admission.state != .open)
    #expect(await deliver(over: transport, from: "bad@x", id: 2).wasOffered == false)
    #expect(await deliver(over: transport, id: 3).outcomes == [delivered])
    #expect(transport.admission.state == .open)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("8-bit text for a host without 8BITMIME becomes quoted-printable; what is signed goes as it is")
  func sevenBit() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: ["PIPELINING"])
    let transport = try transport(to: smarthost.port)
    let header = "MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n"
    for mail in ["\(header)\r\né\r\n", "DKIM-Signature: x\r\n\(header)\r\né\r\n"] {
      #expect(await deliver(over: transport, mail).outcomes == [delivered])
    }
    let texts = smarthost.mails.map { String(decoding: $0.message, as: UTF8.self) }
    #expect(texts.first?.contains("quoted-printable\r\n\r\n=C3=A9\r\n") == true)
    #expect(texts.last?.hasSuffix("8bit\r\n\r\né\r\n") == true)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("mail that one domain refuses holds up none to others, and one domain at a time is tried out")
  func refusedDomain() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      request.line.contains("@poison") ? .say("450 4.7.0 too much for this domain") : nil
    }
    let transport = try transport(to: smarthost.port)
    for number in 1...3 { _ = await deliver(over: transport, to: ["p\(number)@poison.example"], id: Int64(number)) }
    #expect(transport.admission.scope == .to(["poison.example"]) && transport.admission.state != .open)
    #expect(await deliver(over: transport, to: ["p4@poison.example"], id: 4).wasOffered == false, "it rests")
    #expect(await deliver(over: transport, to: ["c@d.example"], id: 5).outcomes == [delivered])
    #expect(transport.admission == Admission(.open, mails: 20))
    for number in 6...8 {
      #expect(await deliver(over: transport, to: ["p@poison.example"], id: Int64(number)).wasOffered)
    }
    #expect(transport.admission.scope == .to(["poison.example"]), "it is the domain's affair")
    #expect(await deliver(over: transport, to: ["c@d.example"], id: 9).outcomes == [delivered])
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a trouble of the system at every RCPT is the host's where mails to several domains hear of it")
  func systemTroubleAtRecipients() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) {
      $0.step == .rcpt ? .say("451 4.3.0 mail system trouble") : nil
    }
    let transport = try transport(to: smarthost.port)
    for number in 1...2 { _ = await deliver(over: transport, to: ["c@\(number).example"], id: Int64(number)) }
    #expect(transport.admission.state == .open)
    _ = await deliver(over: transport, to: ["c@2.example"], id: 3)
    #expect(transport.admission.state != .open && transport.admission.scope == .to(["1.example", "2.example"]))
    for number in 3...8 { _ = await deliver(over: transport, to: ["c@\(number).example"], id: Int64(number + 1)) }
    #expect(transport.admission.state != .open && transport.admission.scope == nil)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a probe is not bothered by a server that refuses RSET, and says for how long it waited for a banner")
  func patience() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { $0.step == .rset ? .say("451 4.3.0 not now") : nil }
    let transport = try transport(to: smarthost.port)
    let probe = await transport.probe(.init(sender: EmailAddress("a@b"), recipient: EmailAddress("c@d")))
    #expect(probe.first?.failure == nil && probe.first?.steps.last == "takes mail for <c@d>")
    let trouble = try #require(Trouble(.timedOut, at: .greeting))
    #expect(
      transport.explained(trouble)
        == "no reply to the banner in time: not within 20 s, the test's limit; mail waits for up to 300 s")
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("a probe says that a login is wanted, and asks for sender and recipient")
  func probe() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group) { request in
      request.line.contains("nobody@x") ? .say("550 5.1.1 no such user") : nil
    }
    let transport = try transport(to: smarthost.port)
    let good = await transport.probe(.init(sender: EmailAddress("a@b"), recipient: EmailAddress("c@d")))
    #expect(good.first?.failure == nil)
    #expect(good.first?.steps.suffix(2) == ["takes mail from <a@b>", "takes mail for <c@d>"])
    let bad = await transport.probe(.init(sender: EmailAddress("a@b"), recipient: EmailAddress("nobody@x")))
    #expect(bad.first?.failure == "550 5.1.1 no such user (in reply to RCPT)")
    #expect(smarthost.commands.contains("RSET") && smarthost.mails.isEmpty)
    await transport.shutdown()
    await smarthost.stop()
    let demanding = try await ScriptedSmarthost.start(on: group) {
      $0.step == .mail ? .say("530 5.7.0 Authentication required") : nil
    }
    let other = try self.transport(to: demanding.port)
    #expect(await other.probe(.init()).first?.failure == "530 5.7.0 Authentication required (in reply to MAIL)")
    await other.shutdown()
    await demanding.stop()
  }
}
