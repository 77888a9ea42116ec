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
    let final = folder + "/" + name
    let partial = final + ".part"
    // rename would replace the body of another mail if ids ever met.
    guard access(final, F_OK) != 0 else {
      throw StoreFailure(.other, "the queue id \(id) is in use already")
    }
    do {
      try writeSynced(message, to: partial)
      guard rename(partial, final) == 0 else { throw FileFault("renaming", partial) }
      try StoreFiles.syncDirectory(folder)
    } catch {
      unlink(partial)
      unlink(final)
      throw error
    }
    return BodyFile(name: name, octets: message.count)
  }

  /// The octets from `skip` on, which must be `count`; anything else is damage and throws.
  func read(_ name: String, skip: Int, count: Int) throws -> [UInt8] {
    let path = folder + "/" + name
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("opening", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFault("looking at", path) }
    guard skip >= 0, count >= 0, Int(status.st_size) == skip + count else {
      throw StoreFailure(.corrupt, "\(path) has \(status.st_size) octets where \(skip + count) were written")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(skip + filled))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { throw FileFault("reading", path, code: got == 0 ? EIO : errno) }
        filled += got
      }
    }
  }

  func remove(_ name: String) { unlink(folder + "/" + name) }

  /// Removes every file that is not in `referenced` and returns how many those were.
  func removeOrphans(referenced: Set<String>) throws -> Int {
    let orphans = try names().filter { !referenced.contains($0) }
    orphans.forEach(remove)
    return orphans.count
  }

  private func names() throws -> [String] {
    guard let stream = opendir(folder) else { throw FileFault("reading", folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  private func writeSynced(_ message: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("creating", path) }
    defer { close(descriptor) }
    try message.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw FileFault("writing", path, code: count == 0 ? EIO : errno) }
        written += count
      }
    }
    // After a failed fsync the pages are marked clean: asking again would lie. The write counts as lost.
    guard fsync(descriptor) == 0 else { throw FileFault("syncing", path) }
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
