import DedupCore
import Glibc

/// Keeps a second instance away from a store (R14).
///
/// An advisory `flock` on a file that holds our process id. The kernel releases it when the process ends, however it
/// ends. The file stays: removing it would let two instances lock two different files of the same name.
final class InstanceLock: Sendable {
  private let descriptor: CInt

  /// Takes the lock or says who holds it.
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

  /// Takes the lock anew when its file was removed, together with the store: another instance would lock another file.
  func renew(path: String) throws {
    var held = stat()
    var named = stat()
    guard fstat(descriptor, &held) == 0 else { throw FileFault("look at", path) }
    if stat(path, &named) == 0, (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino) { return }
    let other = try InstanceLock(path: path)
    defer { close(other.descriptor) }
    guard dup2(other.descriptor, descriptor) >= 0 else { throw FileFault("lock", path) }
  }

  /// Lets the next instance in. Not more than once. Closing alone would not do: a child that was forked and is not yet
  /// what it is to become has the file open too.
  func release() {
    _ = flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Whoever has just taken the lock writes its number a moment later, for which this waits a second at most. Until then
  /// the file is empty, or names who had it before.
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

  /// Only for people: the lock does not depend on it, so a full disk may spoil it.
  private func record(_ pid: pid_t) {
    let text = Array("\(pid)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.count, 0)
  }
}
