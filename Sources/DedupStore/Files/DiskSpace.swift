package import DedupCore
import Glibc

/// The room on the file system of the store.
package struct DiskSpace: Hashable, Sendable {
  package var free: Int
  package var total: Int

  /// Creates the value for the file system of `path`; nil if the system does not tell.
  package init?(path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    free = Self.octets(UInt64(status.f_bavail), UInt64(status.f_frsize))
    total = Self.octets(UInt64(status.f_blocks), UInt64(status.f_frsize))
  }

  /// Returns the product, or the largest number on overflow: some file systems report absurd numbers.
  private static func octets(_ blocks: UInt64, _ size: UInt64) -> Int {
    let (product, overflow) = blocks.multipliedReportingOverflow(by: size)
    return overflow ? .max : Int(clamping: product)
  }

  init(free: Int, total: Int) {
    self.free = free
    self.total = total
  }

  /// Returns `most` octets, or the size of the file system divided by `part` if that is less.
  package func reserve(of most: Int, part: Int) -> Int { min(most, total / max(1, part)) }

  /// Returns the failure if `octets` more of queued mail would be too much; nil if there is room.
  ///
  /// The last part of a disk is not for new mail: a mail that was delivered has to be recorded as such, which takes
  /// room in the WAL, or it is delivered again and again.
  package func shortage(for octets: Int, _ limits: StoreLimits) -> StoreFailure? {
    let reserve = reserve(of: limits.reservedOctets, part: limits.reservedPart)
    guard free < octets || free - octets < reserve else { return nil }
    return StoreFailure(
      .diskFull,
      "only \(free >> 10) KiB are free where the store is, and the last \(reserve >> 10) KiB are kept for "
        + "delivering what is queued; free some space")
  }
}
