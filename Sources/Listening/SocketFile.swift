#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The file of a Unix socket (unix(7)) that we listen on, or want to.
///
/// Promises: what a killed daemon left is taken away, and nothing else; never a file that is no socket, never a socket
/// that somebody listens on. In the end the file is removed when it is still the one that we made.
package struct SocketFile: Sendable {
  /// Why the socket cannot be where it should.
  package struct Obstacle: Error, CustomStringConvertible {
    package enum Kind: Hashable, Sendable { case inUse, notPermitted, noSuchFolder, tooLong, other }

    package let kind: Kind
    /// What is the matter, and what to do about it up to the key that names the path.
    package let description: String
  }

  /// Which file it is, whatever it is called.
  private struct Identity: Hashable {
    let device: dev_t
    let inode: ino_t
  }

  package let path: String
  private let identity: Identity?

  /// The file that stands at `path` and is ours.
  package init(ownedAt path: String) {
    self.path = path
    identity = Self.look(path).map { Identity(device: $0.st_dev, inode: $0.st_ino) }
  }

  /// The folder of a path: `.` for a name alone. Foundation's `deletingLastPathComponent` crashes on some short ones.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Takes the file away, unless another one stands in its place.
  package func remove() {
    guard let identity, identity == SocketFile(ownedAt: path).identity else { return }
    unlink(path)
  }

  /// Takes a socket away that nobody listens on.
  package static func clear(_ path: String) throws(Obstacle) {
    guard let found = look(path) else { return }
    guard found.st_mode & S_IFMT == S_IFSOCK else {
      throw Obstacle(kind: .other, description: "there is a file that is no socket; remove it or name another path")
    }
    switch try connect(to: path) {
    case 0:
      throw Obstacle(kind: .inUse, description: "somebody listens there (another maildedup?); name another path")
    case ECONNREFUSED:
      // Somebody may have put a living one into its place meanwhile.
      guard let now = look(path), now.st_ino == found.st_ino, now.st_dev == found.st_dev else { return }
      unlink(path)
    case ENOENT: return
    case let code:
      throw Obstacle(
        kind: .other,
        description: "whether the socket there is in use cannot be told (\(text(code))); name another path")
    }
  }

  /// Whether a socket can be made in `folder`: makes one of another name, and takes it away.
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

  /// A socket that listens at `path`, where nothing stands. The caller owns the descriptor.
  ///
  /// - Parameter mode: of the file before anybody can connect, so that nobody gets in by the mode of the umask.
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

  /// Gives what stands at `path` another name, where nothing stands.
  package static func rename(_ path: String, to name: String) throws(Obstacle) {
    defer { unlink(path) }
    guard link(path, name) == 0 else { throw obstacle(errno) }
  }

  /// Of the socket that was bound just now.
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

  /// - Returns: 0 when somebody answered, or why nobody did.
  private static func connect(to path: String) throws(Obstacle) -> CInt {
    let descriptor = try open()
    defer { close(descriptor) }
    return try withAddress(path) { Glibc.connect(descriptor, $0, $1) }
  }

  private static func open() throws(Obstacle) -> CInt {
    // Does not wait: a full backlog is somebody who listens, and shows as EAGAIN.
    let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_UNIX, kind, 0)
    guard descriptor >= 0 else { throw Obstacle(kind: .other, description: "no socket: \(text(errno))") }
    return descriptor
  }

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

  /// The file itself, where there is one and we may look; a symbolic link is no socket.
  private static func look(_ path: String) -> stat? {
    var found = stat()
    return lstat(path, &found) == 0 ? found : nil
  }

  private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
