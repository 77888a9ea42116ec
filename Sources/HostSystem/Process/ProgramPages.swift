import Foundation
import Glibc

/// The pages of the program and its libraries that this process has in memory.
package enum ProgramPages {
  /// Releases all pages that are identical to their files: code, and the constants at the beginning of a file. Most of
  /// what a start touches (the runtime looks through everything that the program holds) is never needed again; the rest
  /// comes back from the page cache.
  package static func letGo() {
    guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return }
    for line in maps.split(separator: "\n") {
      guard let region = unwritten(line), let start = UnsafeMutableRawPointer(bitPattern: region.lowerBound) else {
        continue
      }
      madvise(start, region.count, MADV_DONTNEED)
    }
  }

  /// Returns the addresses of a line of proc_pid_maps(5), or nil if the pages may have been written. Other pages that
  /// are read-only now may have been written before, relocations among them, and would be lost.
  static func unwritten(_ line: some StringProtocol) -> Range<UInt>? {
    let fields = line.split(separator: " ", omittingEmptySubsequences: true)
    guard fields.count == 6, fields[5].hasPrefix("/") else { return nil }
    guard fields[1] == "r-xp" || fields[1] == "r--p" && fields[2] == "00000000" else { return nil }
    let addresses = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
    guard addresses.count == 2, addresses[0] < addresses[1] else { return nil }
    return addresses[0]..<addresses[1]
  }
}
