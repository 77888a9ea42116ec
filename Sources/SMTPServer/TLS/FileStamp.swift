import Glibc

/// The attributes in `stat` that show whether a file was changed or replaced. Retargeting a symbolic link counts.
struct FileStamp: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64
  private let size: Int64
  private let seconds: Int
  private let nanoseconds: Int
  /// The mode as in `stat`: the file type and the permission bits.
  let mode: UInt32

  /// Reads the stamp of the file at `path`, or returns nil if there is no file or it may not be examined.
  init?(_ path: String) {
    var found = stat()
    guard stat(path, &found) == 0 else { return nil }
    device = UInt64(found.st_dev)
    number = UInt64(found.st_ino)
    size = Int64(found.st_size)
    seconds = found.st_mtim.tv_sec
    nanoseconds = found.st_mtim.tv_nsec
    mode = found.st_mode
  }

  /// Returns the system's reason why the file cannot be read, or nil if it can.
  static func unreadable(_ path: String) -> String? {
    access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
  }
}
