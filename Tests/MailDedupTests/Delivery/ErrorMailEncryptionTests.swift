import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import SMTPProtocol
import Synchronization
import Testing

@testable import MailDedup

/// A folder with the certificate of an admin.
private struct Admin {
  let folder: TemporaryFolder

  init(days: Int = 90) throws {
    folder = try TemporaryFolder()
    try OpenSSLCommand.run(
      in: folder.url,
      [
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem", "-subj",
        "/CN=anna", "-out", "request.pem",
      ])
    try OpenSSLCommand.run(
      in: folder.url,
      ["x509", "-req", "-in", "request.pem", "-signkey", "key.pem", "-out", "anna.pem", "-days", "\(days)"])
  }

  var path: String { folder.file("anna.pem") }

  func settings(_ whenUnusable: Configuration.Encryption.WhenUnusable = .refuse) -> Configuration.Encryption {
    var settings = Configuration.Encryption()
    (settings.certificates, settings.whenUnusable) = ([path], whenUnusable)
    return settings
  }
}

private let report = Message(Array("Subject: s\r\n\r\nsecret\r\n".utf8))

extension Message {
  fileprivate var text: String { String(decoding: head, as: UTF8.self) }
}

@Suite struct ErrorMailEncryptionTests {
  private var now: Timestamp { WallClock.now() }

  @Test(
    "mail about errors is encrypted, other mail is not",
    arguments: [(QueueEntry.Kind.report, true), (.notice, true), (.summary, true), (.pass, false), (.bounce, false)])
  func kinds(_ kind: QueueEntry.Kind, _ isEncrypted: Bool) async throws {
    let admin = try Admin()
    let encryption = try ErrorMailEncryption(admin.settings(), now: now)
    let sent = try await encryption.outgoing(report, kind, now: now).get()
    #expect(sent.text.contains("secret") != isEncrypted && (sent == report) != isEncrypted)
    #expect(try await ErrorMailEncryption.off.outgoing(report, kind, now: now).get() == report)
  }

  @Test("what is wrong refuses it, or lets mail leave in clear that says so")
  func unusable() async throws {
    let admin = try Admin(days: -1)
    let later = now.advanced(by: .seconds(2))
    #expect {
      try ErrorMailEncryption(admin.settings(), now: later)
    } throws: {
      "\($0)".hasPrefix("encryption.certificates: \(admin.path): the certificate of CN=anna expired on ")
    }
    let encryption = try ErrorMailEncryption(admin.settings(.clear), now: later)
    let sent = try await encryption.outgoing(report, .report, now: later).get()
    #expect(sent.text.hasPrefix("X-MailDedup-Not-Encrypted: ") && sent.text.hasSuffix(report.text))
    #expect(sent.text.contains("expired on"))
    #expect(try await encryption.outgoing(report, .pass, now: later).get() == report)
  }

  @Test("one that expires later: secrecy goes on encrypting to it, legibility stops; both report it")
  func expires() async throws {
    let admin = try Admin()
    let (soon, later) = (now.advanced(by: .seconds(61 * 86_400)), now.advanced(by: .seconds(91 * 86_400)))
    for mode in Configuration.Encryption.WhenUnusable.allCases {
      let encryption = try ErrorMailEncryption(admin.settings(mode), now: now)
      #expect(encryption.problems(at: now) == [] && encryption.warnings(at: now) == [])
      #expect(encryption.problems(at: soon) == [] && encryption.warnings(at: soon).count == 1)
      #expect(encryption.problems(at: later).count == 1 && encryption.warnings(at: later) == [])
      let sent = try await encryption.outgoing(report, .report, now: later).get()
      #expect(sent.text.contains("secret") == (mode == .clear))
    }
  }

  @Test("a private key beside the certificate is told of")
  func privateKey() throws {
    let admin = try Admin()
    let key = try Data(contentsOf: admin.folder.url.appending(path: "key.pem"))
    let both = key + (try Data(contentsOf: URL(fileURLWithPath: admin.path)))
    try both.write(to: URL(fileURLWithPath: admin.path))
    let encryption = try ErrorMailEncryption(admin.settings(), now: now)
    #expect(encryption.warnings(at: now).first?.contains("holds a private key") == true)
  }

  /// A file that was lost under the relay.
  private final class LostFile: OctetFile {
    let count = 10
    func read(at offset: Int, count: Int) throws -> [UInt8] { throw StoreFailure(.ioError, "gone") }
  }

  @Test("what cannot be encrypted waits, or leaves in clear")
  func failure() async throws {
    let admin = try Admin()
    let message = Message([], tail: FileSlice(LostFile(), count: 10, isEightBit: false))
    let secret = try ErrorMailEncryption(admin.settings(), now: now)
    let outcome = await secret.outgoing(message, .report, now: now)
    #expect(throws: (any Error).self) { try outcome.get() }
    let legible = try ErrorMailEncryption(admin.settings(.clear), now: now)
    let sent = try await legible.outgoing(message, .report, now: now).get()
    #expect(sent.text.contains("gone") && sent.tail == message.tail)
  }
}

@Suite(.timeLimit(.minutes(5))) struct EncryptedDeliveryTests {
  /// Keeps what it is given, and refuses it.
  private final class Keeper: Transport {
    let nextHop = "keeper"
    let kept = Mutex<[Message]>([])
    let outcome: DeliveryOutcome

    init(_ outcome: DeliveryOutcome) { self.outcome = outcome }

    func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
      kept.withLock { $0.append(message) }
      return DeliveryResult(envelope.recipients.map { _ in outcome }, nextHop: nextHop)
    }
  }

  private var submission: Submission {
    Submission(
      id: QueueID(rawValue: 1), receivedAt: Timestamp(seconds: 1_795_356_185),
      envelope: Envelope(sender: EmailAddress("a@example.org"), recipients: [EmailAddress("b@example.org")]),
      received: { Array("Received: x\r\n".utf8) }, message: report, judge: { .report(Self.occurrence) })
  }

  private static let occurrence = Occurrence(
    site: Site(
      settingsModule: "shop", subjectPrefix: "",
      envelope: Envelope(sender: EmailAddress("a@example.org"), recipients: [EmailAddress("b@example.org")])),
    fingerprint: "1:00000000000000000000000000000000", variant: "", title: "t", place: "p")

  @Test(
    "a report that is cut through to the next hop leaves encrypted, a doubt and other mail as they came",
    arguments: [
      (Judged.report(Self.occurrence), true), (.doubt(DoubtfulReport(reason: "unclear")), false),
      (.pass(reason: "none"), false),
    ])
  func cutThrough(_ judged: Judged, _ isEncrypted: Bool) async throws {
    let admin = try Admin()
    let keeper = Keeper(.delivered(reply: "250"))
    var destinations = Destinations(keeper)
    destinations.encryption = try ErrorMailEncryption(admin.settings(), now: WallClock.now())
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), destinations: Live(destinations), logger: .quiet)
    let reply = await withCheckedContinuation { done in
      net.take(submission, judged, because: StoreFailure(.diskFull, "full")) { done.resume(returning: $0) }
    }
    #expect(reply.code == 250 && net.counts.cutThrough == 1)
    let sent = keeper.kept.withLock { $0.map(\.text) }
    #expect(sent.count == 1 && sent.allSatisfy { $0.contains("secret") != isEncrypted })
  }

  @Test("what comes back to its sender is what was sent: no bounce shows what was encrypted")
  func bounce() async throws {
    let admin = try Admin()
    var settings = admin.settings()
    settings.hidesSubject = true
    let keeper = Keeper(.rejected(reason: "550 no", status: "5.7.1"))
    var destinations = Destinations(keeper)
    destinations.encryption = try ErrorMailEncryption(settings, now: WallClock.now())
    var submission = submission
    submission.message = Message(Array("Subject: s3cret\r\n\r\nsecret\r\n".utf8))
    submission.envelope.statusRequest = DeliveryStatusRequest(returns: .full)
    let folder = admin.folder.file("store")
    let store = try SQLiteStore(
      directory: folder, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    _ = try await withCheckedThrowingContinuation { done in store.accept(submission) { done.resume(with: $1) } }
    let runner = QueueRunner(store: store, destinations: Live(destinations), logger: .quiet)
    let running = Task { try await runner.run() }
    _ = try await eventually { keeper.kept.withLock(\.count) >= 2 }
    running.cancel()
    let texts = keeper.kept.withLock { $0.map(\.text) }
    try #require(texts.count >= 2, "the mail and its bounce")
    #expect(texts[1].contains("550 no") && texts[1].contains("Error report"))
    #expect(!texts.contains { $0.contains("s3cret") || $0.contains("secret") })
  }
}
