import Glibc

/// The terminal that the process was started from, if there is one.
package struct Terminal: Sendable {
  private let wasThere: Bool

  /// Checks for a terminal now; must be called at the start.
  package init() { wasThere = isatty(STDIN_FILENO) == 1 }

  /// True if there was a terminal at the start that has hung up since. The kernel removes it before it sends SIGHUP.
  package var isGone: Bool { wasThere && isatty(STDIN_FILENO) != 1 }

  /// The columns below which ArgumentParser cannot wrap its help: it ends the process instead.
  private static let fewestColumns = 40

  /// Makes the help of a program wrap at 40 columns where the terminal, or `$COLUMNS`, has fewer. Must be called before
  /// arguments are parsed.
  package static func widenForHelp() {
    if let columns = columns(), columns < fewestColumns { setenv("COLUMNS", "\(fewestColumns)", 1) }
  }

  private static func columns() -> Int? {
    if let text = getenv("COLUMNS"), let columns = Int(String(cString: text)) { return columns }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
