import Foundation
import HostSystem

/// The mails that a command reads: one file, standard input, or every `.eml` below a folder.
struct MailFiles {
  let path: String
  let isFolder: Bool
  /// Names below the folder in the order of their bytes, so that two runs can be compared line by line.
  let names: [String]

  /// - Parameter path: `-` for standard input.
  init(_ path: String) throws {
    self.path = path
    var isDirectory: ObjCBool = false
    isFolder = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    guard isFolder else {
      names = [path]
      return
    }
    let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    names = all.filter { $0.hasSuffix(".eml") }.sorted()
    if names.isEmpty { throw CommandFailure(.nothingMatched, "no .eml file stands below \(path)") }
  }

  /// The bytes of one of `names`.
  func mail(_ name: String) throws -> [UInt8] {
    if name == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
    do {
      return try FileBytes.read(isFolder ? path + "/" + name : name)
    } catch {
      throw CommandFailure(.failure, "\(error)")
    }
  }
}
