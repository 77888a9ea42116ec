import ControlAPI
import DedupConfig
import HostSystem
import SMTPProtocol

// The socket, the group and the TCP port of the control API.
extension Daemon {
  /// Prepares the control socket. Called before the listener starts: another relay, with another store, may own that
  /// socket.
  func prepareControlSocket() throws(StartFailure) {
    let socket = configuration.control.socket
    do { try ControlServer.prepare(socket) } catch {
      throw StartFailure(.unavailable, "control.socket = \(socket): \(error)")
    }
  }

  func control(_ relay: RunningRelay, _ reloader: Reloader) throws(StartFailure) -> ControlEndpoint {
    ControlEndpoint(
      server: ControlServer(
        service: LiveControl(relay, reloader: reloader), socket: configuration.control.socket,
        socketGroup: try socketGroup(), door: try controlDoor(), group: relay.group, logger: logger))
  }

  private func socketGroup() throws(StartFailure) -> UInt32? {
    guard let name = configuration.control.socketGroup else { return nil }
    guard let id = GroupName.id(of: name) else {
      throw StartFailure(.configuration, "control.socket-group: there is no group \"\(name)\" on this machine")
    }
    return id
  }

  private func controlDoor() throws(StartFailure) -> ControlServer.Door? {
    guard let address = configuration.control.address, let path = configuration.control.tokenFile else { return nil }
    do throws(SecretSource.Failure) {
      return ControlServer.Door(
        host: address.host, port: address.port, token: try SecretSource.file(path).revealed)
    } catch {
      throw StartFailure(.configuration, "control.token-file: \(error)")
    }
  }
}
