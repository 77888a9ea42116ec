import Glibc
import MailTestKit
import Testing

/// Compares with a file in `Goldens/`. What differs is written next to it as `NAME.actual`: look at the difference, and
/// if it is right, move it over the golden.
func expectGolden(_ name: String, _ actual: String, at location: SourceLocation = #_sourceLocation) {
  let path = goldenFolder + name
  if readFile(path) == actual {
    unlink(path + ".actual")
    return
  }
  writeFile(path + ".actual", actual)
  Issue.record("Goldens/\(name) differs; see \(name).actual beside it", sourceLocation: location)
}

private let goldenFolder = Repository.path("Tests/RelayMailTests/Goldens/")

private func readFile(_ path: String) -> String? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += buffer[..<count]
  }
}

private func writeFile(_ path: String, _ text: String) {
  guard let file = fopen(path, "wb") else { return }
  let bytes = Array(text.utf8)
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}
