import Foundation
import Glibc

/// Whether what we write on standard error goes to the journal (systemd.exec, `JOURNAL_STREAM`).
package enum JournalStream {
  /// The variable alone does not tell: it is inherited by whoever sends standard error elsewhere.
  package static let isStandardError: Bool = {
    guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
    var found = stat()
    return fstat(STDERR_FILENO, &found) == 0 && stream == "\(found.st_dev):\(found.st_ino)"
  }()
}
