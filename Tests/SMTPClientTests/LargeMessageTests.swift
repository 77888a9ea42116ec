import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import SMTPClient
import Testing

extension SMTPTransportTests {
  @Test("a large message goes out piece by piece and arrives whole")
  func largeMessage() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = transport(to: smarthost.port)
    let line = Array(".line of a large message that fills its eighty octets rather well, is it not?..\r\n".utf8)
    let large = (0..<5000).flatMap { _ in line }
    let outcomes = await transport.deliver(envelope, message: Message(large), id: QueueID(rawValue: 1)).outcomes
    #expect(outcomes == Array(repeating: .delivered(reply: "250 2.0.0 queued"), count: 2))
    #expect(smarthost.mails.first?.message == large)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test(
    "a message of which the rest is in a file is read from there; when that fails, half of it never counts as all",
    arguments: [true, false])
  func messageInFile(isReadable: Bool) async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = transport(to: smarthost.port)
    let file = OctetsInFile(
      Array(String(repeating: ".dot\r\n", count: 50_000).utf8), readable: isReadable ? .max : 70_000)
    let mail = Message(message, tail: FileSlice(file, count: file.count, isEightBit: false))
    let outcomes = await transport.deliver(envelope, message: mail, id: QueueID(rawValue: 1)).outcomes
    if isReadable {
      #expect(outcomes == Array(repeating: .delivered(reply: "250 2.0.0 queued"), count: 2))
      #expect(smarthost.mails.first?.message == message + file.octets)
    } else {
      #expect(outcomes == Array(repeating: .deferred(reason: "the message cannot be read: gone"), count: 2))
      #expect(smarthost.mails.allSatisfy { $0.message.isEmpty })
    }
    await transport.shutdown()
    await smarthost.stop()
  }
}
