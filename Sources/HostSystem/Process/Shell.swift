import Glibc
import Synchronization

/// A request to end a running command before its time limit, from any thread.
package final class CommandEnd: Sendable {
  private let isAskedFor = Atomic(false)

  package init() {}

  /// Asks for the end: the running command is killed within a quarter of a second, and any later one as well.
  package func ask() { isAskedFor.store(true, ordering: .relaxed) }

  var isAsked: Bool { isAskedFor.load(ordering: .relaxed) }
}

/// Runs a shell command and captures its output.
package enum Shell {
  package enum Failure: Error, CustomStringConvertible {
    case notStarted(Int32)
    case tooSlow
    case tooMuch
    case interrupted
    case ended(status: Int32)

    package var description: String {
      switch self {
      case .notStarted(let code): "could not be started: \(String(cString: strerror(code)))"
      case .tooSlow: "took too long"
      case .tooMuch: "printed too much"
      case .interrupted: "was ended"
      case .ended(let status): "ended with status \(status)"
      }
    }
  }

  /// Runs a command and returns its output. Its standard error is ours, so the admin sees its complaints.
  package static func run(
    _ command: String, within limit: Duration, atMost octets: Int, end: CommandEnd = CommandEnd()
  ) -> Result<[UInt8], Failure> {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return .failure(.notStarted(errno)) }
    // A command that another thread starts in between would hold the pipe as well; the deadline bounds what that costs.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let started = spawn(command, output: ends[1])
    close(ends[1])
    guard case .success(let child) = started else { return started.map { _ in [] } }
    let deadline = ContinuousClock.now + limit
    let read = read(ends[0], until: deadline, atMost: octets, end)
    // A command that closes its output may go on for as long as it likes.
    if case .success = read, let status = status(of: child, until: deadline, end) {
      return status == 0 ? read : .failure(.ended(status: exitCode(of: status)))
    }
    // The command's own children may hold the pipe as well; all of them are in the process group of the shell.
    kill(-child, SIGKILL)
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard case .success = read else { return read }
    return .failure(end.isAsked ? .interrupted : .tooSlow)
  }

  /// Waits for the end of a process and returns its status as in wait(2); nil if it still runs at the deadline.
  private static func status(of child: pid_t, until deadline: ContinuousClock.Instant, _ end: CommandEnd) -> Int32? {
    var status: Int32 = 0
    var pause: UInt32 = 500
    while true {
      let found = waitpid(child, &status, WNOHANG)
      if found == child { return status }
      if found < 0, errno != EINTR { return status }
      guard ContinuousClock.now < deadline, !end.isAsked else { return nil }
      usleep(pause)
      pause = min(pause * 2, 50_000)
    }
  }

  /// Returns the exit code as a shell gives it. wait(2): the low byte holds the signal, the next one the exit status.
  private static func exitCode(of status: Int32) -> Int32 {
    status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
  }

  private static func spawn(_ command: String, output: Int32) -> Result<pid_t, Failure> {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    // NIO does not mark sockets as close-on-exec: an agent that the command leaves behind would keep our port.
    for descriptor in openDescriptors() where descriptor > STDERR_FILENO {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    posix_spawnattr_setpgroup(&attributes, 0)
    // We ignore the signals that end us in order, and threads of Dispatch block them: a command that inherited that
    // could not be ended by `timeout`.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/sh"), strdup("-c"), strdup(command), nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, "/bin/sh", &actions, &attributes, &arguments, environ)
    return code == 0 ? .success(child) : .failure(.notStarted(code))
  }

  /// Returns the open descriptors. One that is gone when it is closed does no harm.
  private static func openDescriptors() -> [Int32] {
    guard let folder = opendir("/proc/self/fd") else { return [] }
    defer { closedir(folder) }
    var found: [Int32] = []
    while let entry = readdir(folder) {
      // Read in place: the name is only as long as it is, and a copy of the whole `dirent` would read beyond the end of
      // the buffer. With some 1,300 open files that can end the process.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if let descriptor = Int32(name) { found.append(descriptor) }
    }
    return found
  }

  private static func read(
    _ descriptor: Int32, until deadline: ContinuousClock.Instant, atMost octets: Int, _ end: CommandEnd
  ) -> Result<[UInt8], Failure> {
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while output.count <= octets {
      let left = ContinuousClock.now.duration(to: deadline).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
      var query = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard milliseconds > 0 else { return .failure(.tooSlow) }
      if end.isAsked { return .failure(.interrupted) }
      guard poll(&query, 1, Int32(min(milliseconds, 200))) != 0 else { continue }
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return .success(output) }
      if count < 0, errno != EINTR { return .failure(.notStarted(errno)) }
      output += chunk[..<max(0, count)]
    }
    return .failure(.tooMuch)
  }
}
