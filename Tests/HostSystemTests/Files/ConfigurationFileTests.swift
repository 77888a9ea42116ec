import DedupConfig
import DedupCore
import MailTestKit
import Testing

@testable import HostSystem

@Suite struct ConfigurationFileTests {
  private func failure(of path: String) -> String {
    do throws(ConfigurationFile.Failure) {
      _ = try ConfigurationFile.load(path)
      return "none"
    } catch { return error.description }
  }

  @Test("files of conf.d come after the file, in the order of their names, and paths are those of its folder")
  func parts() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("[window]\nlength = 1h\n[store]\ndirectory = store\n", to: "dedup.conf")
    try folder.write("[window]\nlength = 3h\n", to: "conf.d/20-b.conf")
    try folder.write("[window]\nlength = 2h\n", to: "conf.d/10-a.conf")
    try folder.write("[window]\nlength = 9h\n", to: "conf.d/.hidden.conf")
    try folder.write("[window]\nlength = 8h\n", to: "conf.d/notes.txt")
    let configuration = try ConfigurationFile.load(path).configuration
    #expect(configuration.window.length == .seconds(3 * 3600))
    #expect(configuration.store.directory == folder.file("store"))
  }

  @Test("a mistake is told with its place, and a file that is not there with what to do")
  func failures() throws {
    let folder = try TemporaryFolder()
    let wrong = try folder.write("[window]\nlenght = 1h\n", to: "dedup.conf")
    #expect(failure(of: wrong).hasPrefix("\(wrong):2"), "\(failure(of: wrong))")
    #expect(failure(of: folder.file("none")).hasSuffix("name the configuration file with --config PATH"))
    #expect(failure(of: folder.path).contains("is a folder, not a file"))
    let large = try folder.write(String(repeating: "#\n", count: 600_000), to: "large.conf")
    #expect(failure(of: large).hasPrefix(large), "\(failure(of: large))")
  }
}
