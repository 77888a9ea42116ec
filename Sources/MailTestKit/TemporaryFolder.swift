package import Foundation

/// A folder for one test, readable for nobody else, that is removed with everything in it when its last reference goes.
///
/// The path is short, because that of a Unix socket may have only 107 octets.
package final class TemporaryFolder: Sendable {
  /// The absolute path, without a slash at its end.
  package let path: String

  /// Makes the folder.
  ///
  /// - Throws: `POSIXError` when it cannot be made.
  package init() throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/maildedup-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

  /// Returns the path of a file in the folder, whether or not it exists.
  package func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file, and makes the folders in between.
  ///
  /// - Returns: The path of the file.
  @discardableResult
  package func write(_ text: String, to name: String, mode: Int = 0o600) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    return file.path
  }
}
