import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The file of a Unix socket (unix(7)): what a killed daemon left is taken away, and nothing else. NIO removes the file
/// when the socket is closed.
enum SocketFile {
  /// Why the socket cannot be where it should.
  struct Obstacle: Error {
    let kind: ListenerFailure.Kind
    let reason: String
  }

  /// Takes a socket away that nobody listens on.
  static func clear(_ path: String, group: any EventLoopGroup) async throws(Obstacle) {
    guard let found = look(path) else { return }
    guard found.st_mode & S_IFMT == S_IFSOCK else {
      throw Obstacle(kind: .other, reason: "there is a file that is no socket; remove it or change [listener] socket")
    }
    do {
      try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get().close()
    } catch let error as IOError where error.errnoCode == ECONNREFUSED {
      unlink(path)
      return
    } catch let error as IOError where error.errnoCode == ENOENT {
      return
    } catch {
      throw Obstacle(kind: .other, reason: "whether the socket there is in use cannot be told (\(error))")
    }
    throw Obstacle(kind: .inUse, reason: "somebody listens there (another maildedup?); change [listener] socket")
  }

  /// Of the socket that was bound just now.
  static func set(_ mode: UInt16, of path: String) throws(Obstacle) {
    guard chmod(path, mode_t(mode)) == 0 else {
      throw Obstacle(kind: .other, reason: "its mode cannot be set: \(String(cString: strerror(errno)))")
    }
  }

  /// The file itself, where there is one and we may look; a symbolic link is no socket.
  private static func look(_ path: String) -> stat? {
    var found = stat()
    return lstat(path, &found) == 0 ? found : nil
  }
}
