import DedupConfig
import Foundation
import Glibc
import HostSystem
import Listening
import Logging
import MailMessage
import NIOCore
import NIOPosix

/// What `--check-config` opens beyond the text: everything that a start opens, as far as that changes nothing.
struct StartTrial {
  let configuration: Configuration
  private let group = MultiThreadedEventLoopGroup.singleton
  private let quiet = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// What a start would refuse, or what would fail soon after; empty: nothing.
  func problems() async -> [String] {
    (entrance() + way() + secrets() + folders() + socket() + (await ports())).reduce(into: []) { all, problem in
      if !all.contains(problem) { all.append(problem) }
    }
  }

  private func entrance() -> [String] {
    do throws(StartFailure) {
      _ = try Entrance(configuration, hostname: "localhost", logger: quiet)
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

  /// The relay reads most of them when it needs them, which is late for finding out.
  private func secrets() -> [String] {
    let ways =
      [("delivery", configuration.delivery)]
      + configuration.routes.map {
        ("route \($0.name)", configuration.delivery(on: $0))
      }
    let files =
      ways.flatMap { name, delivery in
        [("\(name).password-file", delivery.passwordFile), ("\(name).oauth-token-file", delivery.tokenFile)]
      } + [("control.token-file", configuration.control.tokenFile)]
    return files.compactMap { key, path in
      guard let path else { return nil }
      do throws(SecretSource.Failure) { _ = try SecretSource.file(path) } catch { return "\(key): \(error)" }
      return nil
    }
  }

  // MARK: - Folders

  private func folders() -> [String] {
    let maildir = configuration.delivery.smarthosts.isEmpty && !configuration.delivery.discards
    let folders = [
      ("store.directory", configuration.store.directory), ("store.spool", configuration.store.spool),
      ("control.socket", SocketFile.folder(of: configuration.control.socket)),
    ]
    return (folders + (maildir ? [("delivery.maildir", configuration.delivery.maildir)] : [])).compactMap { key, path in
      Self.obstacle(at: path).map { "\(key): \($0)" }
    }
  }

  private static var user: String {
    "user \(getpwuid(geteuid()).map { "\"\(String(cString: $0.pointee.pw_name))\"" } ?? String(geteuid()))"
  }

  /// What stands where the control socket is to be made, unless it is one that a relay left.
  private func socket() -> [String] {
    let path = configuration.control.socket
    var found = stat()
    guard stat(path, &found) == 0, found.st_mode & S_IFMT != S_IFSOCK else { return [] }
    return ["control.socket: \(path) is there and is not a socket; remove it or name another path"]
  }

  /// What keeps this user from writing into a folder, or from making it.
  private static func obstacle(at path: String) -> String? {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { return "\(path) is not a folder" }
      guard access(path, W_OK | X_OK) == 0 else {
        return "\(user) cannot write to \(path); change its owner or its mode"
      }
      return nil
    }
    let above = SocketFile.folder(of: path)
    guard above != path else { return "\(path) cannot be made" }
    return obstacle(at: above).map { "\(path) is missing and cannot be made: \($0)" }
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
    // A relay that runs has them.
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
      case EACCES: return "\(Self.user) cannot listen on \(address); choose a port from 1024 on"
      case EADDRNOTAVAIL: return "\(address) is no address of this machine"
      default: return "nobody can listen on \(address): \(String(cString: strerror(error.errnoCode)))"
      }
    } catch {
      return "\(host) is no address of this machine"
    }
  }

  /// Whether somebody answers at the control socket.
  private func isRunning() async -> Bool {
    let path = configuration.control.socket
    guard let channel = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get() else {
      return false
    }
    try? await channel.close()
    return true
  }
}

/// Nothing is encrypted in a trial.
private struct NoLargeMessages: LargeMessages {
  func begin() -> any GrowingMessage { Refusing() }

  private final class Refusing: GrowingMessage {
    func append(_: [UInt8]) throws { throw StartFailure(.unavailable, "a trial takes no messages") }
    func finish() throws -> Message { throw StartFailure(.unavailable, "a trial takes no messages") }
  }
}
