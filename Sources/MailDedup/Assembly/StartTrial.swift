import DedupConfig
import DedupStore
import Foundation
import Glibc
import HostSystem
import Listening
import Logging
import MailMessage
import NIOCore
import NIOPosix

/// The checks of `--check-config` beyond the text: everything that a start opens, as far as that changes nothing.
struct StartTrial {
  let configuration: Configuration
  private let group = MultiThreadedEventLoopGroup.singleton
  private let quiet = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// Returns what a start would refuse, or what would fail soon after; empty if nothing would.
  func problems() async -> [String] {
    (listenerSetup() + way() + fleet() + secrets() + folders() + socket() + (await ports())).reduce(into: []) {
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

  private func way() -> [String] {
    do throws(StartFailure) {
      _ = try Route(configuration, largeMessages: NoLargeMessages(), hostname: "localhost", group: group, logger: quiet)
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

  /// Checks the secrets. The relay reads most of them only when it needs them, which is late for finding out.
  private func secrets() -> [String] {
    let ways =
      [("delivery", configuration.delivery)]
      + configuration.routes.map {
        ("route \($0.name)", configuration.delivery(on: $0))
      }
    let files =
      ways.flatMap { name, delivery in
        [("\(name).password-file", delivery.passwordFile), ("\(name).oauth-token-file", delivery.tokenFile)]
      } + [
        ("control.token-file", configuration.control.tokenFile),
        ("fleet.password-file", configuration.fleet.passwordFile),
      ]
    return files.compactMap { key, path in
      guard let path else { return nil }
      do throws(SecretSource.Failure) { _ = try SecretSource.file(path) } catch { return "\(key): \(error)" }
      return nil
    }
  }

  // MARK: - Folders

  private func folders() -> [String] {
    let own = Self.places(of: configuration)
    let problems = own.compactMap { key, path in FolderTrial.obstacle(at: path).map { "\(key): \($0)" } }
    return problems + Self.shared(own) + (problems.isEmpty ? shortage() : [])
  }

  /// Returns the folder problems that neither time nor an administrator of the machine can fix, only other paths. A
  /// relay that started anyway would only fail with the first mail that it has to store there.
  static func misplaced(_ configuration: Configuration) -> [String] {
    let own = places(of: configuration)
    let obstacles = own.compactMap { key, path in FolderTrial.obstacle(at: path).map { (key, $0) } }
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
    let folder = FolderTrial.nearest(to: configuration.store.directory)
    return DiskSpace(path: folder)?.shortage(for: 0, StoreLimits()).map { ["store.directory: \($0)"] } ?? []
  }

  /// Checks the place of the control socket: its folder, and that nothing but the socket of another relay is in the
  /// way.
  private func socket() -> [String] {
    let path = configuration.control.socket
    let folder = SocketFile.folder(of: path)
    if let obstacle = FolderTrial.obstacle(at: folder) { return ["control.socket: \(obstacle)"] }
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
    for address in listener.addresses + listener.tlsAddresses {
      if let problem = await obstacle(at: address.host, address.port) {
        problems.append("listener.address: \(problem)")
      }
    }
    if problems.isEmpty { return [] }
    // They are in use by a relay that is already running.
    return await isRunning() ? [] : problems
  }

  private func obstacle(at host: String, _ port: Int) async -> String? {
    do {
      let channel = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).serverChannelOption(.autoRead, value: false)
        .bind(host: host, port: port).get()
      try? await channel.close()
      return nil
    } catch let error as IOError {
      let address = "\(host):\(port)"
      switch error.errnoCode {
      case EADDRINUSE: return "\(address) is in use: end the program that listens there, or choose another port"
      case EACCES: return "user \"\(UserName.ofProcess())\" cannot listen on \(address); choose a port from 1024 on"
      case EADDRNOTAVAIL: return "\(address) is no address of this machine"
      default: return "nobody can listen on \(address): \(String(cString: strerror(error.errnoCode)))"
      }
    } catch {
      return "\(host) is no address of this machine"
    }
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
