import ControlAPI
import DedupConfig
import HostSystem
import NIOPosix
import SMTPProtocol

// The socket, the group and the TCP port of the control API.
extension Daemon {
  /// Prepares the control socket and looks at the TCP port. Called before the listener starts: another relay, with another store, may own that
  /// socket.
  ///
  /// - Throws: `StartFailure` if the socket or the TCP port of the control API cannot be opened.
  func prepareControl() async throws(StartFailure) {
    let socket = configuration.control.socket
    do { try ControlServer.prepare(socket) } catch {
      throw StartFailure(.unavailable, "control.socket = \(socket): \(error)")
    }
    guard let address = configuration.control.address else { return }
    var check = PortCheck(group: MultiThreadedEventLoopGroup.singleton)
    let obstacle = await check.obstacle(at: address.host, address.port)
    await check.close()
    if let obstacle { throw StartFailure(.unavailable, "control.address: \(obstacle)") }
  }

  /// Returns the control API of the relay.
  ///
  /// - Parameter onReady: called once it answers.
  func control(
    _ relay: RunningRelay, _ reloader: Reloader, onReady: @escaping @Sendable () -> Void
  ) throws(StartFailure) -> ControlEndpoint {
    ControlEndpoint(
      server: ControlServer(
        service: LiveControl(relay, reloader: reloader), socket: configuration.control.socket,
        socketGroup: try socketGroup(), tcp: try tcpListener(), group: relay.group, logger: logger,
        onReady: onReady))
  }

  private func socketGroup() throws(StartFailure) -> UInt32? {
    guard let name = configuration.control.socketGroup else { return nil }
    guard let id = GroupName.id(of: name) else {
      throw StartFailure(.configuration, "control.socket-group: there is no group \"\(name)\" on this machine")
    }
    return id
  }

  private func tcpListener() throws(StartFailure) -> ControlServer.TCPListener? {
    guard let address = configuration.control.address, let path = configuration.control.tokenFile else { return nil }
    do throws(SecretSource.Failure) {
      return ControlServer.TCPListener(
        host: address.host, port: address.port, token: try SecretSource.file(path).revealed)
    } catch {
      throw StartFailure(.configuration, "control.token-file: \(error)")
    }
  }
}
