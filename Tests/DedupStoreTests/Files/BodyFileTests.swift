import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import RelayMail
import Testing

@testable import DedupStore

/// Messages of more than a thousand octets are large here.
private let limits = {
  var limits = StoreLimits()
  limits.inlineOctets = 1000
  return limits
}()

extension TemporaryFolder {
  fileprivate var bodies: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: file("bodies")).sorted() }
  }

  fileprivate func overwrite(_ name: String, at offset: UInt64, with bytes: [UInt8]) throws {
    guard let handle = FileHandle(forUpdatingAtPath: file(name)) else { throw Missing() }
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }
}

@Suite("Large messages")
struct BodyFileTests {
  @Test("a large message lives in a file, comes back as rendered, and leaves with its entry")
  func roundTrip() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let large = Shop.ordinary(octets: 3_000_000)
    let small = Shop.ordinary(octets: 900)
    try await store.accept(large)
    try await store.accept(small)
    #expect(try folder.bodies == ["\(large.id)"])
    #expect(try await store.octets(of: large.id) == large.received() + large.message.head)
    #expect(try await store.octets(of: small.id) == small.received() + small.message.head)
    try await store.attempt(large.id, at: nine, [.delivered(reply: "250"), .delivered(reply: "250")])
    #expect(try folder.bodies == [])
  }

  @Test("a large report whose Subject was extended comes back with it: only the head is stored twice")
  func editedHead() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Shop.report()) }
    let mail = Shop.report(at: nine + .hours(1), octets: 50_000)
    let verdict = try await store.accept(mail)
    #expect(verdict.heldBack == 2)
    let thread = MailThread(root: MailThread.root(fingerprint: "v1:aaaa1111", at: nine))
    let rendering = ForwardedMail.render(mail, verdict, of: Shop.occurrence("aaaa1111"), .init(thread: thread))
    #expect(try await store.octets(of: mail.id) == rendering.applied(to: mail.message).head)
    let head = try await store.reader.read {
      try Int.fetchOne($0, sql: "SELECT MAX(length(head)) FROM message WHERE file NOT NULL")
    }
    #expect(try #require(head) < 1000)
  }

  @Test("a large message that is held back leaves no file behind")
  func suppressed() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    try await store.accept(Shop.report())
    #expect(try await store.accept(Shop.report(octets: 50_000)).isForward == false)
    #expect(try folder.bodies == [])
  }

  @Test("a large message whose transaction fails leaves no file behind, and no other mail loses its own")
  func failure() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = Shop.ordinary(octets: 5000)
    try await store.accept(mail)
    try await store.commit {
      try $0.db.execute(sql: "CREATE TRIGGER t BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'no'); END")
    }
    var sameID = Shop.ordinary(octets: 6000)
    sameID.id = mail.id
    for failing in [sameID, Shop.ordinary(octets: 6000)] {
      await #expect(throws: StoreFailure.self) { try await store.accept(failing) }
    }
    #expect(try await store.octets(of: mail.id) == mail.received() + mail.message.head)
    #expect(try folder.bodies == ["\(mail.id)"])
  }

  @Test("our own large mails, bounces with their transaction, are stored the same way")
  func ownMail() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let bounce = Shop.bounce(of: mail.id, octets: 20_000)
    let gone = DeliveryOutcome.rejected(reason: "no", status: nil)
    try await store.attempt(mail.id, at: nine, [gone, gone], bounce: bounce)
    #expect(try folder.bodies == ["\(bounce.id)"])
    #expect(try await store.octets(of: bounce.id) == bounce.message)
  }

  @Test("files that a crash left without an entry are removed at the next start, those with one stay")
  func orphans() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    let mail = Shop.ordinary(octets: 5000)
    try await store.accept(mail)
    store.close()
    for name in ["bodies/0000000000000", "bodies/0000000000001.part"] {
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    let reopened = try Shop.store(folder, limits: limits)
    defer { reopened.close() }
    #expect(try folder.bodies == ["\(mail.id)"])
    #expect(try await reopened.octets(of: mail.id) == mail.received() + mail.message.head)
  }

  enum Damage: CaseIterable {
    case removed, cutOff, longer, flipped
  }

  @Test(
    "a damaged body file is never sent: its entry is set aside, kept and shown, and the rest is delivered",
    arguments: Damage.allCases)
  func damage(_ damage: Damage) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = Shop.ordinary(octets: 5000)
    let other = Shop.ordinary(octets: 5000)
    try await store.accept(mail)
    try await store.accept(other)
    let name = "bodies/\(mail.id)"
    switch damage {
    case .removed: try FileManager.default.removeItem(atPath: folder.file(name))
    case .cutOff: #expect(truncate(folder.file(name), 4000) == 0)
    case .longer: try folder.overwrite(name, at: UInt64(mail.message.head.count), with: [0x78])
    case .flipped: try folder.overwrite(name, at: 2500, with: [0x79])
    }
    #expect(try await store.octets(of: mail.id) == nil)
    #expect(try await store.due(now: nine, limit: 10).map(\.id) == [other.id])
    #expect(try await store.nextDue(excluding: [other.id]) == nil)
    #expect(try await store.queueStatus().waiting == 1)
    let shown = try #require(try await store.queue(limit: 10).first { $0.id == mail.id })
    #expect(shown.lastFailure?.hasPrefix("set aside: ") == true, "\(shown.lastFailure ?? "")")
    #expect(try await store.octets(of: other.id) == other.received() + other.message.head)
  }

  @Test("a message that changed inside the database is set aside as well")
  func damageInside() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mail = Shop.ordinary(at: nine, octets: 3000)
    try await store.accept(mail)
    store.close()
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.file("dedup.sqlite"))))
    let run = [UInt8](repeating: 0x78, count: 500)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: run) })
    bytes[place + 250] = 0x79
    try Data(bytes).write(to: URL(fileURLWithPath: folder.file("dedup.sqlite")))
    let reopened = try Shop.store(folder)
    defer { reopened.close() }
    #expect(try await reopened.octets(of: mail.id) == nil)
    #expect(try await reopened.due(now: nine, limit: 10).isEmpty)
  }

  @Test("CRC-32C of RFC 3720 B.4, and of every length around the eight octets of a step")
  func checksum() {
    #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(Checksum.crc32c([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(Checksum.crc32c(Array(0..<32)) == 0x46DD_794E)
    #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
    for count in 0..<40 {
      let bytes = (0..<count).map { UInt8($0) }
      #expect(Checksum.crc32c(bytes) == bitByBit(bytes))
    }
  }

  private func bitByBit(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }
}
