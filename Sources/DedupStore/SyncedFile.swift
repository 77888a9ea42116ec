import Glibc

/// Files that are either whole and on the disk, or not there.
enum SyncedFile {
  /// Makes `bytes` durable under `name`: written aside, synced, renamed, the folder synced. Not for two threads at
  /// once with the same name; a file of that name is replaced.
  static func write(_ bytes: [UInt8], named name: String, in folder: String) throws {
    let final = folder + "/" + name
    let partial = final + ".part"
    do {
      try write(bytes, to: partial)
      guard rename(partial, final) == 0 else { throw FileFault("renaming", partial) }
      try StoreFiles.syncDirectory(folder)
    } catch {
      unlink(partial)
      unlink(final)
      throw error
    }
  }

  /// The whole file.
  static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("opening", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFault("looking at", path) }
    let count = Int(status.st_size)
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(filled))
        if got < 0 && errno == EINTR { continue }
        guard got > 0 else { throw FileFault("reading", path, code: got == 0 ? EIO : errno) }
        filled += got
      }
    }
  }

  /// The names in `folder`, in no order.
  static func names(in folder: String) throws -> [String] {
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

  private static func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("creating", path) }
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { bytes in
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
