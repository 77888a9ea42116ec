import DedupCore
import Foundation
import Glibc
import Testing

@testable import DedupStore

@Suite("The lock of a store")
struct InstanceLockTests {
  @Test("the second instance hears who holds it; released, it is free")
  func second() throws {
    let folder = try Folder()
    let lock = try InstanceLock(path: folder.file("lock"))
    let failure = #expect(throws: StoreFailure.self) { _ = try InstanceLock(path: folder.file("lock")) }
    #expect(failure?.kind == .locked && failure?.description.contains("process \(getpid())") == true)
    lock.release()
    try InstanceLock(path: folder.file("lock")).release()
  }

  @Test("a child that was forked while the store was open does not keep it locked")
  func forkedChild() throws {
    let folder = try Folder()
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
}
