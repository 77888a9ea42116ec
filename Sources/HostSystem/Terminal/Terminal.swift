import Glibc

/// The terminal that the process was started from, if there is one.
package struct Terminal: Sendable {
  private let wasThere: Bool

  /// Looks now; to be made at the start.
  package init() { wasThere = isatty(STDIN_FILENO) == 1 }

  /// Whether it was there at the start and hung up since. The kernel takes it away before it sends SIGHUP.
  package var isGone: Bool { wasThere && isatty(STDIN_FILENO) != 1 }
}
