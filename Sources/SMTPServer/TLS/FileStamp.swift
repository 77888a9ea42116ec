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

  /// Returns why no content can be read from `path`, or nil if it can. Only a regular file has content that ends: opening
  /// a FIFO waits for a writer, and a device may never end.
  static func unreadable(_ path: String) -> String? {
    guard access(path, R_OK) == 0 else { return String(cString: strerror(errno)) }
    guard let stamp = FileStamp(path), stamp.mode & S_IFMT != S_IFREG else { return nil }
    return stamp.mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file"
  }
}
