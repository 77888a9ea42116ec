import Glibc
import Synchronization

/// A key that a person pressed.
package enum Key: Hashable, Sendable {
  case up, down, enter, escape
  /// A letter or any other visible ASCII character.
  case character(Character)

  /// Returns the keys that the octets of a terminal mean, in order (ECMA-48; arrows come as CSI A or SS3 A). Unknown
  /// sequences are dropped.
  package static func keys(_ octets: [UInt8]) -> [Key] {
    var keys: [Key] = []
    var rest = octets[...]
    while let first = rest.popFirst() {
      switch first {
      case 0x1B: keys += sequence(&rest)
      case 0x0A, 0x0D: keys.append(.enter)
      case 0x20...0x7E: keys.append(.character(Character(UnicodeScalar(first))))
      default: continue
      }
    }
    return keys
  }

  /// Reads the sequence after ESC.
  private static func sequence(_ rest: inout ArraySlice<UInt8>) -> [Key] {
    guard let introducer = rest.first, introducer == 0x5B || introducer == 0x4F else { return [.escape] }
    rest.removeFirst()
    // Skip the parameters, up to the final octet.
    rest = rest.drop { (0x20...0x3F).contains($0) }
    switch rest.popFirst() {
    case 0x41: return [.up]
    case 0x42: return [.down]
    default: return []
    }
  }
}

/// The terminal of standard input, which returns each key at once without echo, on an alternate screen.
///
/// Promise: however the process ends (return, `exit`, SIGINT, SIGTERM, SIGHUP, SIGQUIT), the terminal is restored.
package enum RawTerminal {
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
  private static let isEntered = Atomic(false)

  /// Returns true if standard input is a terminal and was switched. Must be called from one thread at a time.
  package static func enter() -> Bool {
    guard !isEntered.load(ordering: .relaxed), tcgetattr(STDIN_FILENO, &rawTerminalBefore) == 0 else { return false }
    var mode = rawTerminalBefore
    // ^C stays a signal. ^Z would leave the screen to the shell as it is.
    mode.c_lflag &= ~tcflag_t(ICANON | ECHO)
    withUnsafeMutableBytes(of: &mode.c_cc) { characters in
      characters[Int(VMIN)] = 0
      characters[Int(VTIME)] = 0
      characters[Int(VSUSP)] = 0
    }
    guard tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0 else { return false }
    isEntered.store(true, ordering: .relaxed)
    atexit { RawTerminal.leave() }
    for number in signals {
      signal(number) { number in
        // Only calls that signal-safety(7) allows: the handler may run anywhere.
        rawTerminalRestore()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
    write(STDOUT_FILENO, "\u{1B}[?1049h\u{1B}[?25l", 14)
    return true
  }

  package static func leave() {
    guard isEntered.exchange(false, ordering: .relaxed) else { return }
    for number in signals { signal(number, SIG_DFL) }
    rawTerminalRestore()
  }

  /// Returns the keys pressed within this many milliseconds, perhaps none; nil if the terminal is gone.
  package static func keys(within milliseconds: Int) -> [Key]? {
    var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, Int32(clamping: max(0, milliseconds))) > 0 else { return [] }
    var octets = [UInt8](repeating: 0, count: 64)
    let count = read(STDIN_FILENO, &octets, octets.count)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
    return count > 0 ? Key.keys(Array(octets.prefix(count))) : nil
  }
}

/// The modes that the terminal had before `RawTerminal.enter`.
///
/// Safe without a lock: only `enter` writes it, while none of our signal handlers is set and `isEntered` is false; its
/// reader (`rawTerminalRestore`) is called only after `enter` has set both. A handler may take no lock
/// (signal-safety(7)), so it cannot be in a `Mutex`.
nonisolated(unsafe) private var rawTerminalBefore = termios()

/// Restores the cursor, the previous screen (xterm's 1049), and the previous modes.
private func rawTerminalRestore() {
  write(STDOUT_FILENO, "\u{1B}[?25h\u{1B}[?1049l", 14)
  tcsetattr(STDIN_FILENO, TCSANOW, &rawTerminalBefore)
}
