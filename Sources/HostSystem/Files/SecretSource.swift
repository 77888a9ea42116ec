import Glibc
package import SMTPProtocol

/// Reads secrets from files and commands. Blocks: must not be used on event loops. Errors never hold what was read.
package enum SecretSource {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// The limit in octets; a longer secret is a wrong file.
  private static let limit = 65_536

  /// Reads the content of a file without the final line end. A file that every user of the machine may read is refused,
  /// as the file of users is.
  ///
  /// - Parameter path: may begin with `$CREDENTIALS_DIRECTORY`, where systemd puts secrets (systemd.exec,
  ///   LoadCredential).
  package static func file(_ path: String) throws(Failure) -> Secret {
    let path = try expanded(path)
    try check(path)
    do {
      return try secret(try FileBytes.read(path, most: limit), from: path)
    } catch let failure as FileBytes.Failure {
      throw Failure(description: failure.description)
    } catch {
      throw error as? Failure ?? Failure(description: "cannot read \(path)")
    }
  }

  /// Throws if the secret in a file is open to every user of the machine. A file that does not exist yet is not.
  package static func checkPermissions(of path: String) throws(Failure) {
    // An unset variable is reported when the file is read.
    if let path = try? expanded(path) { try check(path) }
  }

  private static func check(_ path: String) throws(Failure) {
    guard let mode = FileBytes.mode(of: path), mode & S_IRWXO != 0, mode & S_IFMT == S_IFREG else { return }
    throw Failure(description: "everybody on this machine may read the secret in \(path); run: chmod 640 \(path)")
  }

  /// Returns what a shell command prints, without the final line end.
  ///
  /// - Parameter end: kills the command before the limit, with all processes that it started.
  package static func command(
    _ command: String, within limit: Duration = .seconds(30), end: CommandEnd = CommandEnd()
  ) throws(Failure) -> Secret {
    switch Shell.run(command, within: limit, atMost: Self.limit, end: end) {
    case .success(let output): return try secret(output, from: "the token command", empty: "prints nothing")
    case .failure(let failure): throw Failure(description: "the token command \(failure)")
    }
  }

  private static func expanded(_ path: String) throws(Failure) -> String {
    let variable = "$CREDENTIALS_DIRECTORY"
    guard path.hasPrefix(variable + "/") else { return path }
    guard let folder = getenv("CREDENTIALS_DIRECTORY"), folder.pointee != 0 else {
      throw Failure(description: "\(path): \(variable) is not set; is the relay started by systemd?")
    }
    return String(cString: folder) + path.dropFirst(variable.count)
  }

  /// Checks a secret: a line end or NUL inside would end the field that it is sent in (RFC 4616 section 2).
  private static func secret(_ bytes: [UInt8], from source: String, empty: String = "is empty") throws(Failure)
    -> Secret
  {
    var bytes = bytes[...]
    if bytes.last == 0x0A { bytes.removeLast() }
    if bytes.last == 0x0D { bytes.removeLast() }
    guard !bytes.isEmpty else { throw Failure(description: "\(source) \(empty)") }
    guard bytes.count < limit, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw Failure(description: "\(source) gives more than one line, or control characters")
    }
    return Secret(String(decoding: bytes, as: UTF8.self))
  }
}
