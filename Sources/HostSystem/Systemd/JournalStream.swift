import Foundation
import Glibc

/// The connection of standard error to the journal (systemd.exec, `JOURNAL_STREAM`).
package enum JournalStream {
  /// True if standard error goes to the journal. The variable alone does not tell: it is inherited by processes whose
  /// standard error goes elsewhere.
  package static let isStandardError: Bool = {
    guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
    var found = stat()
    return fstat(STDERR_FILENO, &found) == 0 && stream == "\(found.st_dev):\(found.st_ino)"
  }()
}
