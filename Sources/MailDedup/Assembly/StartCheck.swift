import DedupConfig
import DedupStore
import EventLog
import Foundation
import Glibc
import HostSystem
import Listening
import Logging
import MailMessage
import NIOCore
import NIOPosix

/// The checks of `--check-config` beyond the text: everything that a start opens, as far as that changes nothing.
struct StartCheck {
  let configuration: Configuration
  private let group = MultiThreadedEventLoopGroup.singleton
  private let quiet = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// Returns what a start would refuse, or what would fail soon after; empty if nothing would.
  func problems() async -> [String] {
    (listenerSetup() + destinations() + fleet() + secrets() + folders() + socket() + (await ports())).reduce(into: []) {
      all, problem in
      if !all.contains(problem) { all.append(problem) }
    }
  }

  private func listenerSetup() -> [String] {
    do throws(StartFailure) {
      _ = try ListenerSetup(configuration, hostname: "localhost", logger: quiet)
      return []
    } catch {
      return [error.description]
    }
  }

  private func destinations() -> [String] {
    do throws(StartFailure) {
      _ = try Destinations(
        configuration, largeMessages: NoLargeMessages(), hostname: "localhost", group: group, logger: quiet)
      return []
    } catch {
      return [error.description]
    }
  }

  private func fleet() -> [String] {
    do throws(StartFailure) {
      try FleetLink.check(configuration.fleet, group: group, logger: quiet)
      return []
    } catch {
      return [error.description]
    }
  }

  /// Connects to the engine of the fleet once, and says what it is; nil without a fleet.
  func engine() async -> (found: String?, warnings: [String])? {
    await FleetLink.probe(configuration.fleet, group: group, logger: quiet)
  }

  /// Returns the secrets that cannot be read. The relay reads most of them only when it needs them, which is late for
  /// finding out.
  func secrets() -> [String] {
    secretFiles().compactMap { key, path in
      if Self.isUnchecked(path) { return nil }
      do throws(SecretSource.Failure) { _ = try SecretSource.file(path) } catch { return "\(key): \(error)" }
      return nil
    }
  }

  /// Logs the secrets that cannot be read: mail that needs one waits in the queue until it can.
  func warnOfSecrets(_ logger: Logger) {
    for problem in secrets() { logger.event(.error, .secretUnreadable, [.error: "\(problem)"]) }
  }

  /// Returns what could not be checked, and why.
  func unchecked() -> [String] {
    secretFiles().filter { Self.isUnchecked($0.path) }.map { key, path in
      "\(key): \(path) exists only under systemd, so it was not checked; ask the running relay: dedupctl doctor"
    }
  }

  private static func isUnchecked(_ path: String) -> Bool {
    path.hasPrefix("$CREDENTIALS_DIRECTORY/") && getenv("CREDENTIALS_DIRECTORY") == nil
  }

  private func secretFiles() -> [(key: String, path: String)] {
    let routes =
      [("delivery", configuration.delivery)]
      + configuration.routes.map {
        ("route \($0.name)", configuration.delivery(on: $0))
      }
    let files =
      routes.flatMap { name, delivery in
        [("\(name).password-file", delivery.passwordFile), ("\(name).oauth-token-file", delivery.tokenFile)]
      } + [
        ("control.token-file", configuration.control.tokenFile),
        ("fleet.password-file", configuration.fleet.passwordFile),
      ]
    return files.compactMap { key, path in path.map { (key, $0) } }
  }

  // MARK: - Folders

  private func folders() -> [String] {
    let own = Self.places(of: configuration)
    let problems = own.compactMap { key, path in FolderCheck.obstacle(at: path).map { "\(key): \($0)" } }
    return problems + Self.shared(own) + (problems.isEmpty ? shortage() : [])
  }

  /// Returns the folder problems that neither time nor an administrator of the machine can fix, only other paths. A
  /// relay that started anyway would only fail with the first mail that it has to store there.
  static func misplaced(_ configuration: Configuration) -> [String] {
    let own = places(of: configuration)
    let obstacles = own.compactMap { key, path in FolderCheck.obstacle(at: path).map { (key, $0) } }
    return obstacles.filter { $0.1.kind == .misplaced }.map { "\($0): \($1)" } + shared(own)
  }

  /// The folders that hold mail, by the keys that name them.
  private static func places(of configuration: Configuration) -> [(key: String, path: String)] {
    let maildir = configuration.delivery.smarthosts.isEmpty && !configuration.delivery.discards
    return [("store.directory", configuration.store.directory), ("store.spool", configuration.store.spool)]
      + (maildir ? [("delivery.maildir", configuration.delivery.maildir)] : [])
  }

  /// Finds one folder under two names, such as a symbolic link. The same path given twice is left to the check of the
  /// text.
  private static func shared(_ places: [(key: String, path: String)]) -> [String] {
    var keys: [[UInt64]: String] = [:]
    var problems: [String] = []
    for (key, path) in places {
      var found = stat()
      guard stat(path, &found) == 0 else { continue }
      let identity = [UInt64(found.st_dev), UInt64(found.st_ino)]
      if let other = keys[identity] {
        problems.append("\(key): \(path) is the folder of \(other) too; name another path")
      }
      keys[identity] = key
    }
    return problems
  }

  /// Reports a disk with too little space, for which mail would be refused.
  private func shortage() -> [String] {
    let folder = FolderCheck.nearest(to: configuration.store.directory)
    return DiskSpace(path: folder)?.shortage(for: 0, StoreLimits()).map { ["store.directory: \($0)"] } ?? []
  }

  /// Checks the place of the control socket: its folder, and that nothing but the socket of another relay is in the
  /// way.
  private func socket() -> [String] {
    let path = configuration.control.socket
    if let name = configuration.control.socketGroup, GroupName.id(of: name) == nil {
      return ["control.socket-group: there is no group \"\(name)\" on this machine"]
    }
    let folder = SocketFile.folder(of: path)
    if let obstacle = FolderCheck.obstacle(at: folder) { return ["control.socket: \(obstacle)"] }
    if access(folder, F_OK) == 0 {
      do { try SocketFile.checkFolder(folder) } catch { return ["control.socket = \(path): \(error)"] }
    }
    var found = stat()
    guard stat(path, &found) == 0, found.st_mode & S_IFMT != S_IFSOCK else { return [] }
    return ["control.socket: \(path) is there and is not a socket; remove it or name another path"]
  }

  // MARK: - Ports

  private func ports() async -> [String] {
    let listener = configuration.listener
    var problems: [String] = []
    var check = PortCheck(group: group)
    let addresses =
      (listener.addresses + listener.tlsAddresses).map { ("listener.address", $0) }
      + (configuration.control.address.map { [("control.address", $0)] } ?? [])
    for (key, address) in addresses {
      if let problem = await check.obstacle(at: address.host, address.port) { problems.append("\(key): \(problem)") }
    }
    await check.close()
    if problems.isEmpty { return [] }
    // They are in use by a relay that is already running.
    return await isRunning() ? [] : problems
  }

  /// Returns true if the control socket accepts a connection.
  private func isRunning() async -> Bool {
    let path = configuration.control.socket
    guard let channel = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get() else {
      return false
    }
    try? await channel.close()
    return true
  }
}

/// A place for large messages that takes none, since nothing is encrypted in a trial.
private struct NoLargeMessages: LargeMessages {
  func begin() -> any GrowingMessage { Refusing() }

  private final class Refusing: GrowingMessage {
    func append(_: [UInt8]) throws { throw StartFailure(.unavailable, "a trial takes no messages") }
    func finish() throws -> Message { throw StartFailure(.unavailable, "a trial takes no messages") }
  }
}
