import Glibc
import Synchronization
import DedupCore

/// A message that was written to a file of its own.
struct BodyFile: Hashable, Sendable {
  var name: String
  var octets: Int
}

/// Large messages, one file each, referred to by the database.
///
/// A file is complete and synced under its final name before the commit that refers to it. A file nobody refers to is
/// what a crash left between the two, and is removed at the next start.
struct BodyFiles: Sendable {
  let folder: String

  /// Makes `message` durable. Not for two threads at once.
  func write(_ message: [UInt8], for id: QueueID) throws -> BodyFile {
    let name = "\(id)"
    // rename would replace the body of another mail if ids ever met.
    guard access(folder + "/" + name, F_OK) != 0 else {
      throw StoreFailure(.other, "the queue id \(id) is in use already")
    }
    try SyncedFile.write(message, named: name, in: folder)
    return BodyFile(name: name, octets: message.count)
  }

  /// The octets from `skip` on, which must be `count`; anything else is damage and throws.
  func read(_ name: String, skip: Int, count: Int) throws -> [UInt8] {
    let path = folder + "/" + name
    let bytes = try SyncedFile.read(path)
    guard skip >= 0, count >= 0, bytes.count == skip + count else {
      throw StoreFailure(.corrupt, "\(path) has \(bytes.count) octets where \(skip + count) were written")
    }
    return skip == 0 ? bytes : Array(bytes[skip...])
  }

  func remove(_ name: String) { unlink(folder + "/" + name) }

  /// Removes every file that is not in `referenced` and returns how many those were.
  func removeOrphans(referenced: Set<String>) throws -> Int {
    let orphans = try SyncedFile.names(in: folder).filter { !referenced.contains($0) }
    orphans.forEach(remove)
    return orphans.count
  }
}

/// The file that was written for one job, to be removed when the job fails.
final class Written: Sendable {
  private let file = Mutex<BodyFile?>(nil)

  func keep(_ file: BodyFile) -> BodyFile {
    self.file.withLock { $0 = file }
    return file
  }

  /// Nothing refers to it: the transaction failed.
  func remove(from bodies: BodyFiles) { file.withLock { $0 }.map { bodies.remove($0.name) } }
}
