import Glibc
import MailTestKit
import Testing

@testable import DedupConfig

/// The committed `dedup.conf` and `dedup.conf.example` are what the schema renders. When it changes, write them anew:
/// `MAILDEDUP_WRITE_REFERENCE=1 swift test --filter ReferenceTests`, and review the difference.
@Suite struct ReferenceTests {
  @Test(
    "the committed files are the rendered ones, nothing more and nothing less",
    arguments: [
      ("dedup.conf.example", ConfigurationReference.render()), ("dedup.conf", ConfigurationReference.renderShort()),
    ])
  func committedFileIsRendered(name: String, rendered: String) throws {
    let path = Repository.path(name)
    if getenv("MAILDEDUP_WRITE_REFERENCE") != nil { try write(rendered, to: path) }
    #expect(try read(path) == rendered)
  }

  @Test(
    "both have no problem and give the defaults",
    arguments: [ConfigurationReference.render(), ConfigurationReference.renderShort()])
  func renderedFileGivesDefaults(rendered: String) {
    let parsed = parse(rendered)
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration == Configuration())
  }

  @Test("the short one names its keys once and fits two screens")
  func shortIsShort() {
    let rendered = ConfigurationReference.renderShort()
    #expect(rendered.split(separator: "\n", omittingEmptySubsequences: false).count <= 60)
    let parsed = parse(uncommented(rendered))
    #expect(parsed.errors == [] && Set(parsed.origins.keys) == Set(ConfigurationReference.shortKeys))
  }

  @Test("every line fits 80 characters")
  func linesAreShort() {
    for line in (ConfigurationReference.render() + ConfigurationReference.renderShort()).split(separator: "\n") {
      #expect(line.count <= 80, "\(line)")
    }
  }

  @Test("with all keys uncommented the long one still gives the defaults, and sets every key")
  func uncommentedFileGivesDefaults() {
    let parsed = parse(uncommented(ConfigurationReference.render()))
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration == Configuration())
    #expect(Set(parsed.origins.keys) == Set(ConfigurationSchema.sections.flatMap(\.keys).map(\.id)))
  }
}

private func uncommented(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false)
    .map { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0 != "#" ? $0.dropFirst() : $0 }
    .joined(separator: "\n")
}

private struct FileFailure: Error { var path: String }

private func read(_ path: String) throws -> String {
  guard let file = fopen(path, "rb") else { throw FileFailure(path: path) }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 16)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes[..<count], as: UTF8.self)
}

private func write(_ text: String, to path: String) throws {
  guard let file = fopen(path, "wb") else { throw FileFailure(path: path) }
  defer { fclose(file) }
  let bytes = Array(text.utf8)
  guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FileFailure(path: path) }
}
