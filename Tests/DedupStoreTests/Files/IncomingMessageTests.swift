import DedupCore
import Foundation
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Messages too large for memory, while they arrive")
struct IncomingMessageTests {
  private let folder: TemporaryFolder
  private var limits = StoreLimits()

  init() throws {
    folder = try TemporaryFolder()
    limits.inlineOctets = 1000
    limits.reservedOctets = 0
  }

  private static let piece = Array("0123456789 déjà vu\r\n".utf8)

  private func arrive(_ messages: any LargeMessages, pieces: Int) throws -> Message {
    let growing = messages.begin()
    for _ in 0..<pieces { try growing.append(Self.piece) }
    return try growing.finish()
  }

  private func names(in place: String = "bodies") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(place))
  }

  @Test("the store takes the file over as it is, and delivers from it")
  func keptWithoutCopy() async throws {
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    var mail = Shop.ordinary()
    mail.message = try arrive(store.largeMessages, pieces: 5000)
    let arriving = try #require(try names().first)
    let inode = try FileManager.default.attributesOfItem(atPath: folder.file("bodies/\(arriving)"))[.systemFileNumber]
    try await store.accept(mail)
    #expect(try names() == ["\(mail.id)"])
    let kept = try FileManager.default.attributesOfItem(atPath: folder.file("bodies/\(mail.id)"))[.systemFileNumber]
    #expect(inode as? Int == kept as? Int)
    let stored = try #require(try await store.message(of: mail.id))
    #expect(stored.head == mail.received() && stored.tail != nil && stored.isEightBit)
    #expect(try stored.octets() == mail.received() + (0..<5000).flatMap { _ in Self.piece })
  }

  @Test("one that turns out small goes into the database")
  func small() async throws {
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    var mail = Shop.ordinary()
    mail.message = try arrive(store.largeMessages, pieces: 2)
    try await store.accept(mail)
    mail.message = Message([])
    #expect(try names() == [])
    #expect(try await store.octets(of: mail.id) == mail.received() + Self.piece + Self.piece)
  }

  @Test("a message that comes to nothing leaves no file")
  func forgotten() throws {
    let messages = IncomingMessages(folder: folder.path, limits: limits)
    let growing = messages.begin()
    try growing.append(Self.piece)
    #expect(try names(in: "").count == 1)
    withExtendedLifetime(growing) {}
    _ = consume growing
    #expect(try names(in: "").isEmpty)
  }

  @Test("what a crash left of a message that was arriving is removed at the next start")
  func afterCrash() throws {
    try Shop.store(folder, limits: limits).close()
    try Data("half".utf8).write(to: URL(fileURLWithPath: folder.file("bodies/incoming-1-1")))
    try Shop.store(folder, limits: limits).close()
    #expect(try names() == [])
  }

  @Test("without a folder to write to, it stays in memory, up to what is allowed for all together")
  func memory() throws {
    var limits = limits
    limits.incomingMemory = 3 * Self.piece.count
    let messages = IncomingMessages(folder: folder.file("missing"), limits: limits)
    let message = try arrive(messages, pieces: 2)
    #expect(message.tail == nil && message.head == Self.piece + Self.piece)
    let first = messages.begin()
    for _ in 0..<2 { try first.append(Self.piece) }
    let second = messages.begin()
    try second.append(Self.piece)
    #expect(throws: StoreFailure.self) { try second.append(Self.piece) }
    withExtendedLifetime(first) {}
  }

  @Test("a disk that fails half way does not lose what was written: it goes on in memory")
  func halfWay() throws {
    let place = folder.file("half")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    var limits = limits
    let messages = IncomingMessages(folder: place, limits: limits)
    let growing = messages.begin()
    try growing.append(Self.piece)
    #expect(try growing.finish().tail != nil)
    // From here on the disk counts as full: nothing but the reserve is left.
    limits.reservedOctets = .max / 2
    limits.reservedPart = 1
    let full = IncomingMessages(folder: place, limits: limits).begin()
    try full.append(Self.piece)
    #expect(try full.finish().tail == nil)
  }

  @Test("the emergency spool keeps one that is in a file")
  func spooled() throws {
    let messages = IncomingMessages(folder: folder.path, limits: limits)
    let spool = EmergencySpool(directory: folder.file("spool"))
    var mail = Shop.ordinary()
    mail.message = try arrive(messages, pieces: 5000)
    try spool.keep(mail, transactions: [])
    let loaded = try #require(try spool.load(mail.id) { Issue.record("damaged: \($0)") })
    #expect(try loaded.message == mail.message.octets())
  }

  @Test("a checksum is the same by the processor's instruction and by tables, and that of the standard")
  func instruction() {
    #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 8) }
    for count in Array(0...40) + [999, 1000] {
      var byTables = Checksum()
      for piece in [bytes[..<(count / 3)], bytes[(count / 3)..<count]] {
        piece.withUnsafeBytes { byTables.addByTables($0) }
      }
      #expect(Checksum.crc32c(bytes[..<count]) == byTables.value, "\(count) octets")
    }
  }

  @Test("checksums of parts make that of the whole, and the other way round")
  func checksums() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let whole = Checksum.crc32c(bytes)
    for cut in [0, 1, 7, 8, 9, 500, 999, 1000] {
      let (first, second) = (Checksum.crc32c(bytes[..<cut]), Checksum.crc32c(bytes[cut...]))
      #expect(Checksum.joined(first, second, count: 1000 - cut) == whole)
      #expect(Checksum.rest(of: whole, behind: first, count: 1000 - cut) == second)
    }
  }
}
