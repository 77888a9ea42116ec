import DedupCore
import Foundation
import GRDB
import Glibc
import MailMessage
import RelayMail

/// A message as it is written: whole in the database, or its head there and the rest in a file.
///
/// The file was written before the verdict was known and holds the message as it came in. The outgoing message differs
/// from it in the header only (trace fields on top, perhaps another Subject), so only the part before the unchanged
/// rest is stored again.
struct StoredMessage {
  let octets: Int
  private let checksum: UInt32
  private let head: [UInt8]
  private let file: BodyFile?
  private let fileSkip: Int

  /// Creates the stored form of a message.
  ///
  /// - Parameters:
  ///   - message: the message as it came in; in memory if there is no `file`.
  ///   - rendering: the form in which it is sent.
  ///   - file: the file that holds `message`.
  init(_ message: Message, _ rendering: ForwardedMail.Rendering, file: BodyFile?) {
    self.file = file
    guard let file else {
      head = rendering.applied(to: message).head
      octets = head.count
      fileSkip = 0
      checksum = Checksum.crc32c(head)
      return
    }
    fileSkip = rendering.insertion?.position ?? 0
    let before = message.head.prefix(fileSkip)
    head = rendering.top + before + (rendering.insertion?.octets ?? [])
    let rest = file.octets - fileSkip
    octets = head.count + rest
    let restChecksum = Checksum.rest(of: file.checksum, behind: Checksum.crc32c(before), count: rest)
    checksum = Checksum.joined(Checksum.crc32c(head), restChecksum, count: rest)
  }

  /// The name of the file that holds the rest; nil if the database holds all.
  var fileName: String? { file?.name }

  /// The message to send; nil if part of it is in a file.
  var whole: [UInt8]? { file == nil ? head : nil }

  func insert(_ entry: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO message (entry_id, octets, crc32c, file, file_skip, head) VALUES (?, ?, ?, ?, ?, ?)")
    try statement.execute(arguments: [
      entry.rawValue, octets, Int64(checksum), file?.name, fileSkip, Data(head),
    ])
  }

  /// The state of the stored message of `entry`.
  enum Loaded {
    case gone
    case intact(Message)
    /// The message is not the one that was written; the text says what is wrong.
    case damaged(String)
    /// The disk does not return the message, which may be temporary.
    case unreadable(StoreFailure)
  }

  /// Loads and checks the message of an entry.
  ///
  /// - Parameter evenAside: true to also load the message of an entry that is held or damaged, which is never sent.
  static func load(
    _ entry: QueueID, _ bodies: BodyFiles, _ db: Database, evenAside: Bool = false
  ) throws -> Loaded {
    do {
      let statement = try db.cachedStatement(
        sql: """
          SELECT m.octets, m.crc32c, m.file, m.file_skip, m.head
          FROM entry e LEFT JOIN message m ON m.entry_id = e.id WHERE e.id = ? AND (e.aside = 0 OR ?)
          """)
      guard let row = try Row.fetchOne(statement, arguments: [entry.rawValue, evenAside]) else { return .gone }
      return try check(row, bodies)
    } catch let error as DatabaseError where Faults.failure(error).kind == .corrupt {
      return .damaged(Faults.failure(error).description)
    } catch let failure as StoreFailure where failure.kind == .corrupt {
      return .damaged(failure.description)
    } catch let error as DatabaseError where Faults.failure(error).kind == .unreadable {
      return .unreadable(Faults.failure(error))
    } catch let fault as FileFault where fault.code == EIO {
      return .unreadable(Faults.failure(fault))
    } catch let fault as FileFault where fault.code == ENOENT {
      return .damaged("\(fault.path) is missing")
    }
  }

  private static func check(_ row: Row, _ bodies: BodyFiles) throws -> Loaded {
    let octets = try row.count(0)
    guard let head = row.optionalBytes(4) else { throw StoreFailure.damaged("message") }
    var checksum = Checksum()
    head.withUnsafeBytes { checksum.add($0) }
    var tail: FileSlice?
    if let file = try row.optionalText(2) {
      tail = try bodies.open(file, skip: try row.count(3), count: octets - head.count, &checksum)
    }
    let message = Message(head, tail: tail)
    guard message.count == octets, Int64(checksum.value) == (try row.integer(1)) else {
      return .damaged("the message is not the one that was stored: its checksum differs")
    }
    return .intact(message)
  }
}
