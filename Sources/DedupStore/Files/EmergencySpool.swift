package import DedupCore
import Foundation
import Glibc
package import MailMessage

/// The place for mail that the database cannot take: one synced file each, in a folder of its own, until the database
/// is back and the mail is imported.
///
/// Promises: `keep` returns once the mail survives a power loss. A damaged file never becomes a mail: it is renamed to
/// `….damaged` and stays. The spool needs nothing but a file system, which may be another one than the store's.
package struct EmergencySpool: Sendable {
  /// A mail as it was accepted, not judged yet.
  package struct Mail: Sendable {
    package var id: QueueID
    package var receivedAt: Timestamp
    package var envelope: Envelope
    package var received: [UInt8]
    package var message: [UInt8]
    /// The transactions that should have stored the mail.
    package var transactions: [Int64]
  }

  private struct Header: Codable {
    var id: QueueID
    var receivedAt: Timestamp
    var envelope: Envelope
    var received: String
    /// The transactions that should have stored the mail; missing in files of earlier versions.
    var transactions: [Int64]?
  }

  private let folder: String

  /// Creates a spool.
  ///
  /// - Parameter directory: the folder, which is created with the first mail that needs it.
  package init(directory: String) { folder = directory }

  /// The room that is left free: deliveries have to be recorded even on a disk that is nearly full. It is a quarter of
  /// what the store leaves, on small disks too, so that this step is never skipped.
  private static let reservedOctets = 8 << 20
  private static let reservedPart = 80

  /// Returns the failure if a mail of `octets` would be too much for the file system; nil if there is room.
  static func shortage(for octets: Int, in folder: String, _ space: DiskSpace) -> StoreFailure? {
    let reserve = space.reserve(of: reservedOctets, part: reservedPart)
    guard space.free < octets.saturatingAdding(reserve) else { return nil }
    return StoreFailure(.diskFull, "only \(space.free >> 10) KiB are free in \(folder); free some space")
  }

  private static let suffix = ".mail"

  /// Makes the mail durable. Blocks until it is synced.
  ///
  /// - Parameter transactions: the transactions that should have stored the mail, from the failure of the store.
  package func keep(_ submission: Submission, transactions: [Int64]) throws(StoreFailure) {
    try Faults.translated {
      try StoreFiles.makeDirectory(folder)
      if let shortage = DiskSpace(path: folder).flatMap({ Self.shortage(for: submission.message.count, in: folder, $0) }
      ) {
        throw shortage
      }
      // Another process may have used the ID, and its mail must not be replaced.
      var submission = submission
      while access(path(submission.id), F_OK) == 0 { submission.id = QueueIDs.next(at: submission.receivedAt) }
      try SyncedFile.write(
        Self.encode(submission, transactions), named: "\(submission.id)\(Self.suffix)", in: folder)
    }
  }

  /// Returns the mails that wait, oldest first; none if the folder does not exist.
  package func waiting() throws(StoreFailure) -> [QueueID] {
    guard access(folder, F_OK) == 0 else { return [] }
    return try Faults.translated {
      try SyncedFile.names(in: folder).filter { $0.hasSuffix(Self.suffix) }
        .compactMap { QueueID($0.dropLast(Self.suffix.count)) }.sorted()
    }
  }

  /// Returns the mail of `id`; nil if its file is gone, or is damaged and was set aside.
  ///
  /// - Parameter damaged: called with the new path of a damaged file.
  package func load(_ id: QueueID, damaged: (String) -> Void) throws(StoreFailure) -> Mail? {
    let path = path(id)
    guard access(path, F_OK) == 0 else { return nil }
    let bytes = try Faults.translated { try SyncedFile.read(path) }
    if let mail = Self.decode(bytes), mail.id == id { return mail }
    try Faults.translated {
      guard rename(path, path + ".damaged") == 0 else { throw FileFault("rename", path) }
    }
    damaged(path + ".damaged")
    return nil
  }

  /// Removes a mail that was imported.
  package func remove(_ id: QueueID) throws(StoreFailure) {
    try Faults.translated {
      guard unlink(path(id)) == 0 || errno == ENOENT else { throw FileFault("remove", path(id)) }
      try StoreFiles.syncDirectory(folder)
    }
  }

  private func path(_ id: QueueID) -> String { "\(folder)/\(id)\(Self.suffix)" }
}

// The file format: a line `MAILDEDUP-SPOOL 1 CRC HEADER-OCTETS MESSAGE-OCTETS`, the header as JSON, the message. The
// checksum covers everything after the line.
extension EmergencySpool {
  private static let magic = "MAILDEDUP-SPOOL 1"

  private static func encode(_ submission: Submission, _ transactions: [Int64]) throws -> Message {
    let header = Header(
      id: submission.id, receivedAt: submission.receivedAt, envelope: submission.envelope,
      received: String(decoding: submission.received(), as: UTF8.self), transactions: transactions)
    let json = [UInt8](try JSONEncoder().encode(header))
    let content = submission.message.prepending(json)
    var checksum = Checksum()
    try content.forEachPiece { checksum.add($0) }
    let line = "\(magic) \(checksum.value) \(json.count) \(submission.message.count)\n"
    return content.prepending(Array(line.utf8))
  }

  private static func decode(_ bytes: [UInt8]) -> Mail? {
    guard let end = bytes.prefix(100).firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let line = String(decoding: bytes[..<end], as: UTF8.self)
    let fields = line.dropFirst(magic.count).split(separator: " ")
    guard line.hasPrefix(magic), fields.count == 3, let crc = UInt32(fields[0]), let headerCount = Int(fields[1]),
      let messageCount = Int(fields[2])
    else { return nil }
    let content = bytes[(end + 1)...]
    let (sum, overflow) = headerCount.addingReportingOverflow(messageCount)
    guard !overflow, headerCount >= 0, messageCount >= 0, content.count == sum, Checksum.crc32c(content) == crc,
      let header = try? JSONDecoder().decode(Header.self, from: Data(content.prefix(headerCount)))
    else { return nil }
    return Mail(
      id: header.id, receivedAt: header.receivedAt, envelope: header.envelope, received: Array(header.received.utf8),
      message: Array(content.dropFirst(headerCount)), transactions: header.transactions ?? [])
  }
}
