import DedupCore
import Foundation
import Glibc
import MailTestKit
import Testing

@testable import DedupStore

@Suite("The lock of a store")
struct InstanceLockTests {
  @Test("the second instance hears who holds it; released, it is free")
  func second() throws {
    let folder = try TemporaryFolder()
    let lock = try InstanceLock(path: folder.file("lock"))
    let failure = #expect(throws: StoreFailure.self) { _ = try InstanceLock(path: folder.file("lock")) }
    #expect(failure?.kind == .locked && failure?.description.contains("process \(getpid())") == true)
    lock.release()
    try InstanceLock(path: folder.file("lock")).release()
  }

  @Test(
    "whoever took it a moment ago is named: its number is not there yet, or that of who had it before is",
    arguments: ["", "2147483647\n"])
  func justTaken(_ before: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    let descriptor = try Self.locked(path)
    defer { close(descriptor) }
    try #require(write(descriptor, before, before.utf8.count) >= 0)
    // A thread of its own: those of the pool may all wait for a lock.
    Thread.detachNewThread {
      // The lock is to have looked before. Were it later, the test would only see less: it never fails by this.
      holdThread(for: .milliseconds(30))
      let number = "\(getpid())\n"
      _ = ftruncate(descriptor, 0)
      _ = pwrite(descriptor, number, number.utf8.count, 0)
    }
    let failure = #expect(throws: StoreFailure.self) { _ = try InstanceLock(path: path) }
    #expect(failure?.description.contains("process \(getpid())") == true)
  }

  @Test("somebody who never says its number is another process")
  func unnamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    let descriptor = try Self.locked(path)
    defer { close(descriptor) }
    let failure = #expect(throws: StoreFailure.self) { _ = try InstanceLock(path: path) }
    #expect(failure?.description.contains("another process") == true)
  }

  @Test("a child that was forked while the store was open does not keep it locked")
  func forkedChild() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("lock")
    let lock = try InstanceLock(path: path)
    // What a child has between fork and exec: the same open file under another number.
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { CInt($0) }
    let held = descriptors.filter {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
    let copies = held.map { dup($0) }
    defer { for copy in copies { close(copy) } }
    try #require(copies.count == 1)
    lock.release()
    try InstanceLock(path: path).release()
  }

  /// Somebody else's lock, which says nothing yet.
  private static func locked(_ path: String) throws -> CInt {
    let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
    try #require(flock(descriptor, LOCK_EX) == 0)
    return descriptor
  }
}
