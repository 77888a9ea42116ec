import Glibc

/// Standard output or standard error, written without a crash, whatever is at the other end.
package enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// The reason why nothing can be written any more.
  package enum Failure: Error, Hashable, CustomStringConvertible {
    /// A pipe to a program that has ended, such as `head` (EPIPE). No reader is left to be told.
    case readerIsGone
    /// Another reason, e.g. `the disk is full`.
    case other(String)

    package var description: String {
      switch self {
      case .readerIsGone: "nobody reads the output any more"
      case .other(let reason): "cannot write the output: \(reason)"
      }
    }
  }

  /// Occupies those of the descriptors 0, 1 and 2 that the shell closed (`>&-`), so that they can neither be read nor
  /// written. Must be called before anything is opened: otherwise a database or a connection gets the number, and
  /// output meant for the terminal is written into it.
  package static func occupyClosed() {
    for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
    where fcntl(descriptor, F_GETFD) == -1 {
      // open takes the lowest free number, which is this one.
      _ = open("/dev/null", mode)
    }
  }

  /// Writes all of the text; blocks while the other end is slow.
  package func write(_ text: String) throws(Failure) {
    try Self.write(Array(text.utf8), to: rawValue)
  }

  /// Writes all octets. SIGPIPE must be ignored, as NIO does, or it ends the process before this can report an error.
  static func write(_ octets: [UInt8], to descriptor: Int32) throws(Failure) {
    var written = 0
    while written < octets.count {
      let count = octets[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        written += count
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: wait(for: descriptor)
      case EPIPE: throw .readerIsGone
      case let code: throw .other(Self.text(code))
      }
    }
  }

  private static func wait(for descriptor: Int32) {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    poll(&waiting, 1, -1)
  }

  private static func text(_ code: CInt) -> String {
    switch code {
    case ENOSPC, EDQUOT: "the disk is full"
    // EINVAL: a descriptor of the runtime has taken the number of a stream that was closed at the start.
    case EBADF, EINVAL: "it is closed; give the command a terminal, a file or a pipe"
    case EFBIG: "the file would be too large; write elsewhere"
    case EIO: "\(String(cString: strerror(code))); look after its disk or terminal"
    default: String(cString: strerror(code))
    }
  }
}
