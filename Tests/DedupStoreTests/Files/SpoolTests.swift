import DedupCore
import Foundation
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Emergency spool")
struct SpoolTests {
  @Test("a mail comes back as it was kept, oldest first, whatever octets it has")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let spool = EmergencySpool(directory: folder.file("spool"))
    var odd = Shop.ordinary(at: nine + .minutes(1))
    odd.message.head = [0, 10, 13, 255, 10] + Array("MAILDEDUP-SPOOL 1 0 0 0\n".utf8)
    odd.envelope.statusRequest = DeliveryStatusRequest(
      returns: .full, envelopeID: Xtext("a+2Bb"),
      wishes: [
        EmailAddress("ann@example.org"): .init(
          notify: [.success, .delay], original: OriginalRecipient("rfc822;a@b", allowingUTF8: false))
      ])
    let plain = Shop.ordinary(at: nine)
    for mail in [odd, plain] { try spool.keep(mail, transactions: [7, .max]) }
    #expect(try spool.waiting() == [plain.id, odd.id])
    for mail in [plain, odd] {
      let loaded = try #require(try spool.load(mail.id) { Issue.record("damaged: \($0)") })
      #expect(loaded.message == mail.message.head && loaded.received == mail.received())
      #expect(loaded.envelope == mail.envelope && loaded.receivedAt == mail.receivedAt)
      #expect(loaded.transactions == [7, .max])
      try spool.remove(mail.id)
    }
    #expect(try spool.waiting().isEmpty)
  }

  @Test("a mail that the version before status requests spooled is loaded")
  func older() throws {
    let folder = try TemporaryFolder()
    let mail = Shop.ordinary()
    let header = """
      {"id":"\(mail.id)","receivedAt":\(nine.milliseconds),"envelope":{"sender":"root@shop.example",\
      "recipients":["ann@example.org","bob@example.org"],"body":"","usesSMTPUTF8":false},\
      "received":"Received: from shop.example\\r\\n"}
      """
    let content = Array(header.utf8) + mail.message.head
    let line = "MAILDEDUP-SPOOL 1 \(Checksum.crc32c(content)) \(header.utf8.count) \(mail.message.count)\n"
    try Data(Array(line.utf8) + content).write(to: URL(fileURLWithPath: folder.file("\(mail.id).mail")))
    let spool = EmergencySpool(directory: folder.path)
    let loaded = try #require(try spool.load(mail.id) { Issue.record("damaged: \($0)") })
    #expect(loaded.envelope == mail.envelope && loaded.message == mail.message.head && loaded.receivedAt == nine)
    #expect(loaded.transactions.isEmpty)
  }

  @Test("a spool that was never needed is empty, and no folder is made for it")
  func untouched() throws {
    let folder = try TemporaryFolder()
    #expect(try EmergencySpool(directory: folder.file("spool")).waiting().isEmpty)
    #expect(!FileManager.default.fileExists(atPath: folder.file("spool")))
  }

  @Test("a file with any octet flipped, or cut anywhere, is set aside, never a mail", arguments: [true, false])
  func damage(flips: Bool) throws {
    let folder = try TemporaryFolder()
    let spool = EmergencySpool(directory: folder.file("spool"))
    let mail = Shop.ordinary()
    try spool.keep(mail, transactions: [])
    let path = folder.file("spool/\(mail.id).mail")
    let intact = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for position in intact.indices {
      var bytes = intact
      if flips { bytes[position] ^= 0x20 } else { bytes.removeSubrange(position...) }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      var places: [String] = []
      #expect(try spool.load(mail.id) { places.append($0) } == nil, "octet \(position)")
      #expect(places == [path + ".damaged"])
      #expect(try spool.waiting().isEmpty)
    }
  }

  @Test("what a crash left of a mail that was being written is not taken for one")
  func partial() throws {
    let folder = try TemporaryFolder()
    let spool = EmergencySpool(directory: folder.path)
    let mail = Shop.ordinary()
    try Data("MAILDEDUP-SPOOL 1".utf8).write(to: URL(fileURLWithPath: folder.file("\(mail.id).mail.part")))
    #expect(try spool.waiting().isEmpty)
  }

  @Test("a folder that cannot be written is a failure that names it")
  func unwritable() throws {
    let spool = EmergencySpool(directory: "/dev/null/spool")
    let failure = #expect(throws: StoreFailure.self) { try spool.keep(Shop.ordinary(), transactions: []) }
    #expect(failure?.description.contains("/dev/null/spool") == true)
  }

  @Test(
    "a mail is imported once, also when a crash left its file behind: one queue entry, one count",
    arguments: [0, 2_000_000])
  func importsOnce(octets: Int) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.report(octets: octets)
    #expect(try await store.importSpooled(mail, transactions: []) != nil)
    #expect(try await store.importSpooled(mail, transactions: []) == nil)
    #expect(try await store.totals() == Totals(forwarded: 1))
    #expect(try await store.queue(limit: 10).map(\.id) == [mail.id])
    #expect(try await store.octets(of: mail.id)?.suffix(mail.message.head.count) == mail.message.head[...])
    try await store.forgetSpooled(mail.id)
  }
}
