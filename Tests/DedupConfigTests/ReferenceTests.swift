import DedupConfig
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The committed `dedup.conf` is what the schema renders. When it changes, write it anew:
/// `MAILDEDUP_WRITE_REFERENCE=1 swift test --filter ReferenceTests`, and review the difference.
@Suite struct ReferenceTests {
  @Test("dedup.conf is the rendered reference, nothing more and nothing less")
  func committedFileIsRendered() throws {
    let path = repository + "/dedup.conf"
    let rendered = ConfigurationReference.render()
    if getenv("MAILDEDUP_WRITE_REFERENCE") != nil { try write(rendered, to: path) }
    #expect(try read(path) == rendered)
  }

  @Test("dedup.conf has no problem and gives the defaults")
  func renderedFileGivesDefaults() {
    let parsed = parse(ConfigurationReference.render())
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration == Configuration())
  }

  @Test("every line of dedup.conf fits 80 characters")
  func linesAreShort() {
    for line in ConfigurationReference.render().split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test("with all keys uncommented it still gives the defaults, and sets every key")
  func uncommentedFileGivesDefaults() {
    let lines = ConfigurationReference.render().split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0 != "#" ? $0.dropFirst() : $0 }
    let parsed = parse(lines.joined(separator: "\n"))
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration == Configuration())
    #expect(Set(parsed.origins.keys) == Set(ConfigurationSchema.sections.flatMap(\.keys).map(\.id)))
  }
}

/// The folder that holds `Tests`.
private var repository: String {
  #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
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
