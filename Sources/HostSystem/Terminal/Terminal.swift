import Glibc

/// The terminal that the process was started from, if there is one.
package struct Terminal: Sendable {
  private let wasThere: Bool

  /// Checks for a terminal now; must be called at the start.
  package init() { wasThere = isatty(STDIN_FILENO) == 1 }

  /// True if there was a terminal at the start that has hung up since. The kernel removes it before it sends SIGHUP.
  package var isGone: Bool { wasThere && isatty(STDIN_FILENO) != 1 }
}
