import Glibc

/// The file of a Unix socket (unix(7)) that we listen on, or want to.
///
/// Promises: removes what a killed daemon left behind and nothing else: never a file that is not a socket, never a
/// socket that another process listens on. At the end the file is removed if it is still the one that we made.
package struct SocketFile: Sendable {
  /// The reason why the socket cannot be at its path.
  package struct Obstacle: Error, CustomStringConvertible {
    package enum Kind: Hashable, Sendable { case inUse, notPermitted, noSuchFolder, tooLong, other }

    package let kind: Kind
    /// The problem and its remedy, up to the name of the configuration key that holds the path.
    package let description: String
  }

  /// The identity of a file, independent of its name.
  private struct Identity: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  package let path: String
  private let identity: Identity?

  /// Records the identity of the file at `path`, which is ours.
  package init(ownedAt path: String) {
    self.path = path
    identity = Self.look(path).map { Identity(device: $0.st_dev, inode: $0.st_ino) }
  }

  /// Returns the folder of a path: `.` for a bare name. Foundation's `deletingLastPathComponent` crashes on some short
  /// paths.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Removes the file, unless another one has taken its place.
  package func remove() {
    guard let identity, identity == SocketFile(ownedAt: path).identity else { return }
    unlink(path)
  }

  /// Removes a socket that no process listens on. Does nothing if there is no file at `path`.
  package static func clear(_ path: String) throws(Obstacle) {
    guard let found = look(path) else { return }
    guard found.st_mode & S_IFMT == S_IFSOCK else {
      throw Obstacle(kind: .other, description: "there is a file that is no socket; remove it or name another path")
    }
    switch try connect(to: path) {
    case 0:
      throw Obstacle(kind: .inUse, description: "somebody listens there (another maildedup?); name another path")
    case ECONNREFUSED:
      // A live socket may have taken its place in the meantime.
      guard let now = look(path), now.st_ino == found.st_ino, now.st_dev == found.st_dev else { return }
      unlink(path)
    case ENOENT: return
    case let code:
      throw Obstacle(
        kind: .other,
        description: "whether the socket there is in use cannot be told (\(text(code))); name another path")
    }
  }

  /// Throws unless a socket can be created in `folder`: creates one of another name, and removes it.
  package static func checkFolder(_ folder: String) throws(Obstacle) {
    if let found = look(folder), found.st_mode & S_IFMT != S_IFDIR {
      throw Obstacle(kind: .other, description: "\(folder) is not a folder; name another path")
    }
    guard access(folder, W_OK | X_OK) == 0 else { throw obstacle(errno) }
    let trial = "\(folder)/.try\(getpid())"
    do throws(Obstacle) {
      try clear(trial)
      close(try listen(at: trial, mode: 0o600, backlog: 1))
      unlink(trial)
    } catch {
      // The folder is there and may be written to, so it is no place for sockets: /proc, for one.
      guard [.noSuchFolder, .notPermitted].contains(error.kind) else { throw error }
      throw Obstacle(kind: .other, description: "\(folder) takes no sockets; name another path")
    }
  }

  /// Returns a socket that listens at `path`, where no file may exist. The caller owns the descriptor.
  ///
  /// - Parameter mode: the mode of the file, set before any client can connect, so that none gets in by the mode that
  ///   the umask leaves.
  package static func listen(at path: String, mode: UInt16, backlog: CInt) throws(Obstacle) -> CInt {
    let descriptor = try open()
    do throws(Obstacle) {
      let code = try withAddress(path) { bind(descriptor, $0, $1) }
      guard code == 0 else { throw obstacle(code) }
      try set(mode, of: path)
      guard Glibc.listen(descriptor, backlog) == 0 else { throw obstacle(errno) }
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Renames the file at `path` to `name`, where no file may exist. If that fails, the file at `path` is removed.
  package static func rename(_ path: String, to name: String) throws(Obstacle) {
    defer { unlink(path) }
    guard link(path, name) == 0 else { throw obstacle(errno) }
  }

  /// Sets the mode of a socket file.
  package static func set(_ mode: UInt16, of path: String) throws(Obstacle) {
    guard chmod(path, mode_t(mode)) == 0 else {
      throw Obstacle(kind: .other, description: "its mode cannot be set: \(text(errno))")
    }
  }

  // MARK: - System calls

  private static func obstacle(_ code: CInt) -> Obstacle {
    switch code {
    case EADDRINUSE, EEXIST:
      Obstacle(kind: .inUse, description: "somebody else made a file there just now; name another path")
    case ENOENT: Obstacle(kind: .noSuchFolder, description: "its folder does not exist; make it or name another path")
    case EACCES, EPERM:
      Obstacle(
        kind: .notPermitted, description: "the relay may not write to its folder; allow it or name another path")
    default: Obstacle(kind: .other, description: "\(text(code)); name another path")
    }
  }

  /// Connects and closes at once.
  ///
  /// - Returns: 0 if a process accepts connections there, or the errno of the failure.
  private static func connect(to path: String) throws(Obstacle) -> CInt {
    let descriptor = try open()
    defer { close(descriptor) }
    return try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
  }

  private static func open() throws(Obstacle) -> CInt {
    // Non-blocking: a full backlog means that a process listens, and shows as EAGAIN.
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw Obstacle(kind: .other, description: "no socket: \(text(errno))") }
    return descriptor
  }

  /// Calls `call` with the socket address of `path`.
  ///
  /// - Returns: 0 or the errno of `call`.
  private static func withAddress(
    _ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) throws(Obstacle) -> CInt {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let octets = Array(path.utf8)
    guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Obstacle(kind: .tooLong, description: "the path is longer than 107 bytes; name another path")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
    let result = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 ? 0 : errno
  }

  /// Returns the status of the file itself, or nil if there is none or we may not look. A symbolic link is not a
  /// socket, so links are not followed.
  private static func look(_ path: String) -> stat? {
    var found = stat()
    return lstat(path, &found) == 0 ? found : nil
  }

  private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
