import Glibc
import MailTestKit

/// Reads the mails beside the tests.
enum Corpus {
  struct Mail: Sendable {
    let name: String
    let bytes: [UInt8]
  }

  static let root = Repository.path("Tests/FingerprintTests/Corpus/")

  static func folders(_ path: String) -> [String] { names(root + path).filter { !$0.contains(".") } }

  static func mails(_ path: String) -> [Mail] {
    names(root + path).filter { $0.hasSuffix(".eml") }
      .map { Mail(name: $0, bytes: bytes(root + path + "/" + $0)) }
  }

  private static func names(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  static func bytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count <= 0 { return output }
      output += buffer[..<count]
    }
  }
}
