import Foundation
import Testing

@testable import HostSystem

@Suite struct FolderCheckTests {
  private let folder = NSTemporaryDirectory() + "folder-trial-\(UUID().uuidString)"

  @Test("a folder that takes files is one, also when it has yet to be made; nothing is left in it")
  func works() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(FolderCheck.obstacle(at: folder) == nil)
    #expect(FolderCheck.obstacle(at: folder + "/a/b") == nil)
    #expect(FolderCheck.nearest(to: folder + "/a/b") == folder)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }

  @Test("a file, and what is below one, is said to be no folder")
  func file() throws {
    #expect(FileManager.default.createFile(atPath: folder, contents: nil))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for path in [folder, folder + "/a"] {
      let obstacle = try #require(FolderCheck.obstacle(at: path))
      #expect(obstacle.kind == .misplaced && obstacle.description.contains("\(folder) is not a folder"))
    }
  }

  @Test("/proc takes no files", .enabled(if: geteuid() == 0))
  func proc() throws {
    let obstacle = try #require(FolderCheck.obstacle(at: "/proc/x"))
    #expect(obstacle.kind == .misplaced)
    #expect(obstacle.description == "/proc/x is missing and cannot be made: /proc takes no files; name another path")
  }

  @Test("a FIFO, a device and a folder are no files to read, and are not waited for")
  func irregular() throws {
    #expect(mkfifo(folder, 0o600) == 0)
    defer { unlink(folder) }
    for (path, said) in [
      (folder, "is not a regular file"), ("/dev/zero", "is not a regular file"), ("/tmp", "is a folder, not a file"),
    ] {
      let failure = #expect(throws: FileBytes.Failure.self) { try FileBytes.read(path) }
      #expect(failure?.description == "\(path) \(said)")
    }
  }
}
