import Glibc
import MailMessage

/// Files that are either whole and on the disk, or not there.
enum SyncedFile {
  /// Makes `message` durable under `name`: it is written under a temporary name, synced and renamed, and the folder is
  /// synced. Not to be called from two threads at once with the same name; a file of that name is replaced.
  static func write(_ message: Message, named name: String, in folder: String) throws {
    let final = folder + "/" + name
    let partial = final + ".part"
    do {
      try write(message, to: partial)
      guard rename(partial, final) == 0 else { throw FileFault("rename", partial) }
      try StoreFiles.syncDirectory(folder)
    } catch {
      remove(partial)
      remove(final)
      throw error
    }
  }

  /// Removes a file. A mail whose file is left behind is sent once more, so a disk that fails intermittently is asked
  /// more than once.
  private static func remove(_ path: String) {
    for _ in 1...3 where unlink(path) == 0 || errno == ENOENT { return }
  }

  /// Returns the octets of the whole file.
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFault("look at", path) }
    return try read(descriptor, at: 0, count: Int(status.st_size), of: path)
  }

  /// Returns exactly these octets of an open file.
  static func read(_ descriptor: CInt, at offset: Int, count: Int, of path: String) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let place = buffer.baseAddress.map { $0 + filled }
        let got = pread(descriptor, place, count - filled, off_t(offset + filled))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { throw FileFault("read", path, code: got == 0 ? EIO : errno) }
        filled += got
      }
    }
  }

  /// Returns the names in `folder`, in no particular order.
  static func names(in folder: String) throws -> [String] {
    guard let stream = opendir(folder) else { throw FileFault("read", folder) }
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

  private static func write(_ message: Message, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("create", path) }
    defer { close(descriptor) }
    var written = 0
    try message.forEachPiece { piece in
      try write(piece, to: descriptor, at: written, of: path)
      written += piece.count
    }
    // After a failed fsync the pages are marked clean, so a second fsync would lie. The write counts as lost.
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
  }

  static func write(_ octets: [UInt8], to descriptor: CInt, at offset: Int, of path: String) throws {
    try octets.withUnsafeBytes { try write($0, to: descriptor, at: offset, of: path) }
  }

  private static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: CInt, at offset: Int, of path: String
  ) throws {
    var written = 0
    while written < bytes.count {
      let place = bytes.baseAddress.map { $0 + written }
      let count = pwrite(descriptor, place, bytes.count - written, off_t(offset + written))
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileFault("write", path, code: count == 0 ? EIO : errno) }
      written += count
    }
  }
}
