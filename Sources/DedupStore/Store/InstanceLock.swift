import DedupCore
import Glibc

/// A lock that keeps a second instance away from a store.
///
/// It is an advisory `flock` on a file that holds our process ID. The kernel releases it when the process ends, however
/// it ends. The file stays: removing it would let two instances lock two different files of the same name.
final class InstanceLock: Sendable {
  private let descriptor: CInt

  /// Takes the lock, or throws an error that says which process holds it.
  init(path: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileFault("open", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.holder(descriptor)
      close(descriptor)
      guard code == EWOULDBLOCK else { throw FileFault("lock", path, code: code) }
      throw StoreFailure(
        .locked, "\(path) is held by \(holder): another instance uses this store; stop it or use another directory")
    }
    record(getpid())
  }

  /// Takes the lock again if its file was removed together with the store: another instance would lock another file.
  func renew(path: String) throws {
    var held = stat()
    var named = stat()
    guard fstat(descriptor, &held) == 0 else { throw FileFault("look at", path) }
    if stat(path, &named) == 0, (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino) { return }
    let other = try InstanceLock(path: path)
    defer { close(other.descriptor) }
    guard dup2(other.descriptor, descriptor) >= 0 else { throw FileFault("lock", path) }
  }

  /// Releases the lock for the next instance. Call it at most once. Closing alone is not enough: a forked child that
  /// has not called `exec` yet has the file open too.
  func release() {
    _ = flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Returns a description of the process that holds the lock. A process that has just taken the lock writes its ID a
  /// moment later, so this waits up to a second for it. Until then the file is empty or names the previous holder.
  private static func holder(_ descriptor: CInt) -> String {
    for _ in 0..<100 {
      if let pid = recorded(descriptor), kill(pid, 0) == 0 || errno == EPERM { return "process \(pid)" }
      usleep(10_000)
    }
    return "another process"
  }

  private static func recorded(_ descriptor: CInt) -> pid_t? {
    var digits = [UInt8](repeating: 0, count: 32)
    let count = pread(descriptor, &digits, digits.count, 0)
    let text = String(decoding: digits.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
    return pid_t(text).flatMap { $0 > 0 ? $0 : nil }
  }

  /// Writes the process ID to the file, for humans only: the lock does not depend on it, so a full disk may spoil it.
  private func record(_ pid: pid_t) {
    let text = Array("\(pid)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.count, 0)
  }
}
