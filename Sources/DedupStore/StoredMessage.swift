import DedupCore
import Foundation
import GRDB
import Glibc

/// A message as it is written: whole in the database, or its head there and the rest in a file.
///
/// The file was written before the verdict was known and holds the message as it came in. What leaves differs from it
/// in the header only (trace fields on top, perhaps another Subject), so the octets that both end with are taken from
/// the file and only those before are stored again.
struct StoredMessage {
  var octets: Int
  var checksum: UInt32
  var head: ArraySlice<UInt8>
  var file: BodyFile?
  var fileSkip: Int

  /// - Parameters:
  ///   - bytes: what is to be delivered.
  ///   - original: the contents of `file`, if there is one.
  init(_ bytes: [UInt8], original: [UInt8], file: BodyFile?) {
    octets = bytes.count
    checksum = Checksum.crc32c(bytes)
    let shared = file == nil ? 0 : Self.commonSuffix(bytes, original)
    head = bytes.dropLast(shared)
    fileSkip = original.count - shared
    self.file = file
  }

  func insert(_ entry: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO message (entry_id, octets, crc32c, file, file_skip, head) VALUES (?, ?, ?, ?, ?, ?)")
    try statement.execute(arguments: [
      entry.rawValue, octets, Int64(checksum), file?.name, file == nil ? 0 : fileSkip, Data(head),
    ])
  }

  /// What is stored of the message of `entry`.
  enum Loaded {
    case gone
    case intact([UInt8])
    /// It is not what was written; the text says what is wrong.
    case damaged(String)
  }

  static func load(_ entry: QueueID, _ bodies: BodyFiles, _ db: Database) throws -> Loaded {
    do {
      let statement = try db.cachedStatement(
        sql: """
          SELECT m.octets, m.crc32c, m.file, m.file_skip, m.head
          FROM entry e LEFT JOIN message m ON m.entry_id = e.id WHERE e.id = ? AND e.aside = 0
          """)
      guard let row = try Row.fetchOne(statement, arguments: [entry.rawValue]) else { return .gone }
      return try check(row, bodies)
    } catch let error as DatabaseError where Faults.failure(error).kind == .corrupt {
      return .damaged(Faults.failure(error).description)
    } catch let failure as StoreFailure where failure.kind == .corrupt {
      return .damaged(failure.description)
    } catch let fault as FileFault where fault.code == ENOENT {
      return .damaged("\(fault.path) is missing")
    }
  }

  private static func check(_ row: Row, _ bodies: BodyFiles) throws -> Loaded {
    let octets = try row.count(0)
    guard var bytes = row.optionalBytes(4) else { throw StoreFailure.damaged("message") }
    if let file = try row.optionalText(2) {
      bytes += try bodies.read(file, skip: try row.count(3), count: octets - bytes.count)
    }
    guard bytes.count == octets, Int64(Checksum.crc32c(bytes)) == (try row.integer(1)) else {
      return .damaged("the message is not the one that was stored: its checksum differs")
    }
    return .intact(bytes)
  }

  private static func commonSuffix(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        let most = min(a.count, b.count)
        var shared = 0
        while shared < most, a[a.count - 1 - shared] == b[b.count - 1 - shared] { shared += 1 }
        return shared
      }
    }
  }
}
