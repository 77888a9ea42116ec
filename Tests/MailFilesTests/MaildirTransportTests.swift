import DedupCore
import Foundation
import MailFiles
import MailMessage
import MailTestKit
import Testing

@Suite struct MaildirTransportTests {
  private let folder: TemporaryFolder
  private let envelope = Envelope(
    sender: EmailAddress("django@shop.example"),
    recipients: [EmailAddress("ops@shop.example"), EmailAddress("dev@shop.example")])
  private let message = Array("Subject: hello\r\n\r\nbody\r\n".utf8)

  init() throws { folder = try TemporaryFolder() }

  private func names(_ sub: String, of maildir: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(maildir)/\(sub)")
  }

  @Test("a mail arrives below new with the envelope on top, one outcome for each recipient")
  func delivers() async throws {
    let transport = MaildirTransport(path: folder.file("deeper/maildir"), host: "relay.example")
    let outcomes = await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: 7)).outcomes
    #expect(outcomes.count == 2)
    for case let outcome in outcomes { #expect(outcome.isDelivered) }
    for case .delivered(_, let handover) in outcomes { #expect(handover == .mailbox) }
    let names = try names("new", of: folder.file("deeper/maildir"))
    try #require(names.count == 1)
    let text = try String(contentsOfFile: folder.file("deeper/maildir/new/\(names[0])"), encoding: .utf8)
    #expect(
      text == "Return-Path: <django@shop.example>\r\nDelivered-To: ops@shop.example\r\n"
        + "Delivered-To: dev@shop.example\r\nSubject: hello\r\n\r\nbody\r\n")
    #expect(try self.names("tmp", of: folder.file("deeper/maildir")).isEmpty)
  }

  @Test("the same mail delivered again after a crash replaces itself")
  func repeats() async throws {
    let transport = MaildirTransport(path: folder.file("maildir"), host: "relay.example")
    for _ in 0..<2 { _ = await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: 7)) }
    #expect(try names("new", of: folder.file("maildir")).count == 1)
  }

  @Test("a probe says whether mail could be written, and names the folder where it could not")
  func probe() async throws {
    let good = await MaildirTransport(path: folder.file("maildir"), host: "relay.example").probe(ProbeQuestion())
    #expect(good.map(\.failure) == [nil] && good.first?.steps == ["its folders can be written to"])
    let bad = await MaildirTransport(path: "/dev/null/maildir", host: "relay.example").probe(ProbeQuestion())
    #expect(bad.first?.failure?.contains("/dev/null/maildir") == true && bad.first?.steps == [])
  }

  @Test("a folder that cannot be made defers, and the reason names it")
  func defers() async throws {
    let transport = MaildirTransport(path: "/dev/null/maildir", host: "relay.example")
    let outcomes = await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: 7)).outcomes
    #expect(outcomes.count == 2)
    for outcome in outcomes {
      guard case .deferred(let reason) = outcome else { Issue.record("not deferred: \(outcome)"); continue }
      #expect(reason.contains("/dev/null/maildir"))
    }
  }
}

extension DeliveryOutcome {
  fileprivate var isDelivered: Bool {
    if case .delivered = self { true } else { false }
  }
}
