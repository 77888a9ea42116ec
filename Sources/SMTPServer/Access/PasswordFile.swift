import EventLog
package import Logging
import Synchronization

import Glibc

/// The users who may log in, from a file with lines of `name:hash`. Empty lines and lines that begin with `#` are
/// ignored.
///
/// Promises: `init` either reads the users or throws a one-line description of what is wrong with the file. `refresh`
/// and `reload` keep the old users if the new file cannot be used. Neither passwords nor hashes appear in a message.
package final class PasswordFile: Sendable {
  package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  private struct State {
    var users: [String: PasswordHash]
    var stamp: FileStamp?
  }

  private let path: String
  private let logger: Logger
  private let state: Mutex<State>

  package init(path: String, logger: Logger) throws(Failure) {
    self.path = path
    self.logger = logger
    let stamp = FileStamp(path)
    state = Mutex(State(users: try Self.read(path), stamp: stamp))
  }

  /// Reads the file again if it changed.
  package func refresh() {
    guard FileStamp(path) != state.withLock({ $0.stamp }) else { return }
    reload()
  }

  /// Reads the file again.
  package func reload() {
    let stamp = FileStamp(path)
    do {
      let users = try Self.read(path)
      state.withLock { $0 = State(users: users, stamp: stamp) }
      logger.event(.notice, .reloaded, [.file: path])
    } catch {
      state.withLock { $0.stamp = stamp }
      logger.event(.error, .keptOld, [.file: path, .error: error.description])
    }
  }

  /// True if the password is the user's. An unknown user takes as long as a wrong password, so names cannot be probed.
  func matches(user: String, password: [UInt8]) -> Bool {
    let (hash, stranger) = state.withLock { ($0.users[user], Self.standIn(for: user, in: $0.users)) }
    guard let hash else {
      _ = stranger?.matches(password)
      return false
    }
    return hash.matches(password)
  }

  /// Returns an existing user's hash to compute for an unknown name, always the same for one name: the hashes in a file
  /// may differ in cost.
  private static func standIn(for user: String, in users: [String: PasswordHash]) -> PasswordHash? {
    guard !users.isEmpty else { return nil }
    let number = user.utf8.reduce(5381 as UInt64) { ($0 &* 33) ^ UInt64($1) }
    let name = users.keys.sorted()[Int(number % UInt64(users.count))]
    return users[name]
  }

  // MARK: - Reading

  private static func read(_ path: String) throws(Failure) -> [String: PasswordHash] {
    if let reason = FileStamp.unreadable(path) { throw failure(path, reason) }
    if let stamp = FileStamp(path), stamp.mode & S_IRWXO != 0 {
      throw failure(path, "everybody on this machine may read the hashes in it; run: chmod 640 \(path)")
    }
    guard let text = contents(path) else { throw failure(path, "it cannot be read as text") }
    return try parse(text, path)
  }

  static func parse(_ text: String, _ path: String) throws(Failure) -> [String: PasswordHash] {
    var users: [String: PasswordHash] = [:]
    for (index, line) in lines(of: text).enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
        throw failure(path, "line \(index + 1) is not name:hash")
      }
      let name = String(line[..<colon])
      guard let hash = PasswordHash(String(line[line.index(after: colon)...])) else {
        throw failure(
          path, "line \(index + 1) has no hash that is taken ($6$, $5$ or $y$); make one with: openssl passwd -6")
      }
      guard users.updateValue(hash, forKey: name) == nil else {
        throw failure(path, "line \(index + 1) names \(name) a second time")
      }
    }
    return users
  }

  /// Splits the text into lines. In Swift, CR LF is a single character and not equal to LF.
  private static func lines(of text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
  }

  private static func failure(_ path: String, _ reason: String) -> Failure {
    Failure(description: "[auth] users: cannot use \(path): \(reason)")
  }

  private static func contents(_ path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { return ferror(file) == 0 ? String(validating: octets, as: UTF8.self) : nil }
      octets += chunk[..<count]
    }
  }
}
