package import Foundation
import HostSystem

/// The openssl command, which makes certificates for tests and decrypts what we encrypted.
package enum OpenSSLCommand {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Runs openssl through a shell, for at most 60 seconds. Foundation's `Process` reads beyond a buffer in a process
  /// with some 1,300 open files, and all tests together have more.
  ///
  /// - Parameter folder: the folder to which relative paths among the arguments refer.
  /// - Returns: the standard output, of at most 1 MiB.
  /// - Throws: `Failure` if openssl fails, e.g. exits with a status other than 0.
  @discardableResult
  package static func run(in folder: URL = URL(fileURLWithPath: "/"), _ arguments: [String]) throws -> String {
    let words = ["cd", folder.path, "&&", "exec", "/usr/bin/openssl"].map { $0 == "&&" ? $0 : quoted($0) }
    let command = (words + arguments.map(quoted) + ["2>/dev/null"]).joined(separator: " ")
    switch Shell.run(command, within: .seconds(60), atMost: 1 << 20) {
    case .success(let output): return String(decoding: output, as: UTF8.self)
    case .failure(let failure): throw Failure(description: "openssl \(arguments) \(failure)")
    }
  }

  private static func quoted(_ word: String) -> String {
    "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
