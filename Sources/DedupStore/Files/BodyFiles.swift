import DedupCore
import Glibc
import MailMessage
import Synchronization

/// A message that has a file of its own.
struct BodyFile: Hashable, Sendable {
  var name: String
  var octets: Int
  /// The CRC-32C of all octets.
  var checksum: UInt32
}

/// Large messages, one file each, which the database refers to.
///
/// A file is complete and synced under its final name before the commit that refers to it. A file without a reference
/// was left by a crash between the two, or belongs to a mail that was arriving; it is removed at the next start.
struct BodyFiles: Sendable {
  let folder: String

  /// Makes `message` durable. Not to be called from two threads at once.
  func keep(_ message: Message, for id: QueueID) throws -> BodyFile {
    // rename would replace the body of another mail if IDs ever collided.
    var (name, copies) = ("\(id)", 0)
    while access(folder + "/" + name, F_OK) == 0 {
      copies += 1
      name = "\(id)-\(copies)"
    }
    if message.head.isEmpty, let incoming = message.tail?.wholeFile as? IncomingFile, incoming.folder == folder {
      try incoming.keep(as: name)
      return BodyFile(name: name, octets: message.count, checksum: incoming.checksum)
    }
    var checksum = Checksum()
    try message.forEachPiece { checksum.add($0) }
    try SyncedFile.write(message, named: name, in: folder)
    return BodyFile(name: name, octets: message.count, checksum: checksum.value)
  }

  /// Returns the `count` octets after the first `skip`, and adds them to `checksum`.
  ///
  /// - Throws: `StoreFailure` (`corrupt`) if the file has another size.
  func open(_ name: String, skip: Int, count: Int, _ checksum: inout Checksum) throws -> FileSlice {
    let file = try ReadOnlyFile(folder + "/" + name)
    guard skip >= 0, count >= 0, file.count == skip + count else {
      throw StoreFailure(.corrupt, "\(file.path) has \(file.count) octets where \(skip + count) were written")
    }
    var isEightBit = false
    try FileSlice(file, offset: skip, count: count, isEightBit: false).forEachPiece { piece in
      checksum.add(piece)
      isEightBit = isEightBit || piece.contains { $0 >= 0x80 }
    }
    return FileSlice(file, offset: skip, count: count, isEightBit: isEightBit)
  }

  func remove(_ name: String) { unlink(folder + "/" + name) }

  /// Removes every file that is not in `referenced`, and returns the number of removed files.
  func removeOrphans(referenced: Set<String>) throws -> Int {
    let orphans = try SyncedFile.names(in: folder).filter { !referenced.contains($0) }
    orphans.forEach(remove)
    return orphans.count
  }
}

/// The file that was written for one job; it is removed if the job fails.
final class Written: Sendable {
  private let file = Mutex<BodyFile?>(nil)

  func keep(_ file: BodyFile) -> BodyFile {
    self.file.withLock { $0 = file }
    return file
  }

  /// Removes the file after its transaction failed, since nothing refers to it. A transaction whose sync failed may be
  /// found whole after a crash; the file then stays until the mail is imported or the next start finds that nothing
  /// refers to it.
  func remove(from bodies: BodyFiles, after failure: StoreFailure) {
    guard failure.kind != .ioError else { return }
    file.withLock { $0 }.map { bodies.remove($0.name) }
  }
}

/// A complete file, opened for reading.
private final class ReadOnlyFile: OctetFile {
  let path: String
  let count: Int
  private let descriptor: CInt

  init(_ path: String) throws {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      defer { close(descriptor) }
      throw FileFault("look at", path)
    }
    self.path = path
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func read(at offset: Int, count: Int) throws -> [UInt8] {
    try SyncedFile.read(descriptor, at: offset, count: count, of: path)
  }
}
