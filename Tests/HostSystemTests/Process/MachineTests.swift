import DedupCore
import Foundation
import MailTestKit
import Testing

@testable import HostSystem

/// What the machine says of itself; only what holds on any machine can be asked.
@Suite struct MachineTests {
  @Test("names are never empty, and a group that does not exist has no id")
  func names() {
    #expect(!HostName.current().isEmpty && !UserName.current().isEmpty && !UserName.ofProcess().isEmpty)
    #expect(GroupName.id(of: "root") == 0 && GroupName.id(of: "no such group") == nil)
  }

  @Test("the process has some memory, descriptors and time, and its limit of descriptors is not lowered")
  func usage() {
    let usage = ProcessUsage.current()
    #expect(usage.residentOctets > 0 && usage.openDescriptors > 2 && usage.cpuSeconds > 0)
    #expect(Descriptors.raiseLimit() <= Descriptors.raiseLimit())
  }

  @Test("the clock of the machine is that of Foundation, to the minute")
  func clock() {
    let seconds = Date().timeIntervalSince1970
    #expect(abs(Double(WallClock.now().milliseconds) / 1000 - seconds) < 60)
    #expect(LocalTime.offset(at: WallClock.now()) == TimeZone.current.secondsFromGMT())
  }

  @Test("files are looked at without a failure where there is none")
  func files() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x", to: "file", mode: 0o640)
    #expect(FileBytes.mode(of: path).map { $0 & 0o777 } == 0o640 && FileBytes.mode(of: folder.file("none")) == nil)
    #expect(FileBytes.modified(path) != nil && FileBytes.modified(folder.file("none")) == nil)
    #expect(FileBytes.absence(of: path) == nil)
    #expect(FileBytes.absence(of: folder.file("none"))?.description.hasSuffix("No such file or directory") == true)
    #expect(
      FileBytes.refusal(of: path, isFolder: false) == nil && FileBytes.refusal(of: folder.path, isFolder: true) == nil)
    var pieces = 0
    try FileBytes.forEachPiece(of: path) { _ in
      pieces += 1
      return true
    }
    #expect(pieces == 1)
  }
}
