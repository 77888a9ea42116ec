package import Foundation

/// The openssl command, which makes certificates for tests and reads what we encrypted.
package enum OpenSSLCommand {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameter folder: relative paths among the arguments count from here.
  /// - Throws: when it ends with another status than 0.
  package static func run(in folder: URL, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: "openssl \(arguments) ended with \(process.terminationStatus)")
    }
  }
}
