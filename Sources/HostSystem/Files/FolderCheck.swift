import Glibc

/// Tests whether files can be kept in a folder, by writing one: `access` may promise it even though the disk is full,
/// or the file system is /proc or mounted read-only.
package enum FolderCheck {
  /// The reason why no file can be kept, and what to do about it.
  package struct Obstacle: Error, Hashable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
      /// The path is another kind of file, or no place for files: only another path helps.
      case misplaced
      case notPermitted
      case full
      case other
    }

    package let kind: Kind
    package let description: String
  }

  /// The octets that are written and synced: more than a file system keeps within an inode.
  private static let octets = 16 << 10

  /// Returns what prevents this process from writing into the folder at `path`, or from creating it; nil if nothing
  /// does. Leaves nothing behind; if the folder does not exist, it is not created, and the one above it is tested
  /// instead.
  package static func obstacle(at path: String) -> Obstacle? {
    var found = stat()
    if stat(path, &found) == 0 {
      guard found.st_mode & S_IFMT == S_IFDIR else {
        return Obstacle(kind: .misplaced, description: "\(path) is not a folder; remove it or name another path")
      }
      return obstacle(inside: path)
    }
    let above = folder(above: path)
    guard above != path else { return Obstacle(kind: .misplaced, description: "\(path) cannot be made") }
    return obstacle(at: above).map {
      Obstacle(kind: $0.kind, description: "\(path) is missing and cannot be made: \($0.description)")
    }
  }

  /// Returns the folder at `path`, or the nearest one above it that exists.
  package static func nearest(to path: String) -> String {
    var path = path
    while access(path, F_OK) != 0, folder(above: path) != path { path = folder(above: path) }
    return path
  }

  private static func folder(above path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func obstacle(inside folder: String) -> Obstacle? {
    guard access(folder, W_OK | X_OK) == 0 else { return obstacle(errno, folder, mayWrite: false) }
    let (descriptor, name) = temporaryFile(in: folder)
    guard descriptor >= 0 else { return obstacle(errno, folder, mayWrite: true) }
    defer {
      close(descriptor)
      if let name { unlink(name) }
    }
    let content = [UInt8](repeating: 0x6D, count: octets)
    var written = 0
    while written < octets {
      let count = content[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return obstacle(errno, folder, mayWrite: true) }
      written += count
    }
    // Some file systems have no fsync, and keep what was written without it.
    guard fsync(descriptor) == 0 || errno == EINVAL else { return obstacle(errno, folder, mayWrite: true) }
    return nil
  }

  /// Creates a file without a name (O_TMPFILE of open(2)), so that a crash leaves nothing; with a name if the file
  /// system does not support that. The descriptor is negative if the file cannot be created, and errno says why.
  private static func temporaryFile(in folder: String) -> (descriptor: CInt, name: String?) {
    let unnamed = open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o600)
    if unnamed >= 0 || ![EOPNOTSUPP, EISDIR, EINVAL].contains(errno) { return (unnamed, nil) }
    let name = "\(folder)/.maildedup-trial-\(getpid())"
    let named = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    return (named, named >= 0 ? name : nil)
  }

  private static func obstacle(_ code: CInt, _ folder: String, mayWrite: Bool) -> Obstacle {
    switch code {
    case ENOSPC, EDQUOT:
      Obstacle(kind: .full, description: "the disk of \(folder) is full; free some space")
    case EROFS:
      Obstacle(kind: .other, description: "the file system of \(folder) is read-only; mount it for writing")
    case ENOENT, EOPNOTSUPP:
      Obstacle(kind: .misplaced, description: "\(folder) takes no files; name another path")
    case EACCES where mayWrite, EPERM where mayWrite:
      Obstacle(kind: .other, description: "\(folder) takes no files; name another path")
    case EACCES, EPERM:
      Obstacle(
        kind: .notPermitted,
        description: "user \"\(UserName.ofProcess())\" cannot write to \(folder); change its owner or its mode")
    default:
      Obstacle(
        kind: .other,
        description: "nothing can be written in \(folder): \(String(cString: strerror(code))); look after its disk")
    }
  }
}
