package import DedupCore
package import Glibc

/// Reads whole files.
package enum FileBytes {
  /// The reason why a file could not be read, in words.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    /// True if permission was denied.
    package var isPermission = false
  }

  /// Reads a regular file and refuses all else: a FIFO or a device may never end, or never begin.
  /// - Parameter most: the limit in octets; of a longer file, at most one piece more than that is read.
  package static func read(_ path: String, most: Int = .max) throws(Failure) -> [UInt8] {
    // Without O_NONBLOCK, open would wait for a writer of a FIFO.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    var found = stat()
    guard fstat(descriptor, &found) == 0 else { throw failure("look at", path) }
    switch found.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Failure(description: "\(path) is a folder, not a file")
    default: throw Failure(description: "\(path) is not a regular file")
    }
    var content: [UInt8] = []
    do {
      try forEachPiece(of: descriptor, path) { piece in
        content += piece
        return content.count <= most
      }
    } catch {
      throw error as? Failure ?? Failure(description: "cannot read \(path): \(error)")
    }
    return content
  }

  /// Reads a file in pieces, until its end or until `body` returns false because it has enough.
  ///
  /// - Parameter path: the path of the file; `-` for standard input.
  /// - Throws: a `Failure`, or the error that `body` throws.
  package static func forEachPiece(of path: String, _ body: ([UInt8]) throws -> Bool) throws {
    let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { if descriptor != STDIN_FILENO { close(descriptor) } }
    try forEachPiece(of: descriptor, path, body)
  }

  private static func forEachPiece(of descriptor: CInt, _ path: String, _ body: ([UInt8]) throws -> Bool) throws {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read", path)
      }
      guard try body(Array(chunk[..<count])) else { return }
    }
  }

  /// Returns the type and permissions of a file; nil if there is none, or permission was denied.
  package static func mode(of path: String) -> mode_t? {
    var found = stat()
    return stat(path, &found) == 0 ? found.st_mode : nil
  }

  /// Returns the time at which the content was last changed; nil if there is no such file.
  package static func modified(_ path: String) -> Timestamp? {
    var found = stat()
    return stat(path, &found) == 0 ? Timestamp(seconds: Int64(found.st_mtim.tv_sec)) : nil
  }

  /// Returns why nothing can be read at `path`; nil if it exists.
  package static func absence(of path: String) -> Failure? {
    var found = stat()
    return stat(path, &found) == 0 ? nil : failure("open", path)
  }

  /// Returns why a file, or a folder with its content, may not be read; nil if it may.
  package static func refusal(of path: String, isFolder: Bool) -> Failure? {
    access(path, isFolder ? R_OK | X_OK : R_OK) == 0 ? nil : failure("read", path)
  }

  private static func failure(_ verb: String, _ path: String) -> Failure {
    let code = errno
    if code == EACCES || code == EPERM {
      return Failure(description: "cannot read \(path): permission denied", isPermission: true)
    }
    // The error of open for a socket.
    if code == ENXIO { return Failure(description: "\(path) is not a regular file") }
    return Failure(description: "cannot \(verb) \(path): \(String(cString: strerror(code)))")
  }
}
