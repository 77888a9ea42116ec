import DedupCore
import Glibc

/// The names, modes and identity of the files of a store.
struct StoreFiles: Sendable {
  let directory: String
  private var name = "dedup.sqlite"

  init(directory: String) { self.directory = directory }

  var database: String { directory + "/" + name }
  /// The files of a database that is being made to replace the one in use.
  var fresh: StoreFiles {
    var files = self
    files.name = "dedup.sqlite.fresh"
    return files
  }
  var lock: String { directory + "/lock" }
  var handovers: String { directory + "/handovers" }
  var bodies: String { directory + "/bodies" }

  /// Creates `path` and missing directories above it, accessible to us alone. A directory that exists keeps its mode:
  /// others may need it.
  static func makeDirectory(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return }
    let code = errno
    switch code {
    case EEXIST:
      var status = stat()
      guard stat(path, &status) == 0 else { throw FileFault("look at", path) }
      guard status.st_mode & S_IFMT == S_IFDIR else { throw FileFault("use", path, code: ENOTDIR) }
    case ENOENT:
      guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
        throw FileFault("create", path, code: code)
      }
      try makeDirectory(String(path[..<slash]))
      guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileFault("create", path) }
    default: throw FileFault("create", path, code: code)
    }
  }

  /// Creates the database file, empty, with the mode that SQLite then gives to its companion files as well.
  func prepareDatabase() throws {
    let descriptor = open(database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("open", database) }
    defer { close(descriptor) }
    _ = fchmod(descriptor, 0o600)
    try Self.syncDirectory(directory)
  }

  /// Makes names in `path` survive a power loss.
  static func syncDirectory(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileFault("sync", path) }
  }
}

/// The identity of the file that a name refers to.
struct FileIdentity: Hashable, Sendable {
  private let device: dev_t
  private let inode: ino_t

  init(path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileFault("look at", path) }
    device = status.st_dev
    inode = status.st_ino
  }

  /// Returns true if `path` still names this file. SQLite goes on writing to a database whose name was removed or given
  /// to another file, and all of that is lost when the process ends.
  func isThat(of path: String) -> Bool { (try? FileIdentity(path: path)) == self }
}
