import ControlAPI
import MailTestKit

import NIOPosix

/// Runs a server on a socket in a folder of its own for as long as `body` runs.
///
/// - Parameter body: gets a client of the socket, and its path.
func runServer(
  of service: any ControlService, tcp: ControlServer.TCPListener? = nil,
  _ body: (ControlClient, String) async throws -> Void
) async throws {
  let folder = try TemporaryFolder()
  let socket = folder.file("control/control.sock")
  let (ready, signal) = AsyncStream.makeStream(of: Never.self)
  let server = ControlServer(
    service: service, socket: socket, tcp: tcp, group: MultiThreadedEventLoopGroup.singleton, logger: .quiet,
    onReady: { signal.finish() })
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    for await _ in ready {}
    try await body(ControlClient(socket: socket, patience: .seconds(240)), socket)
    group.cancelAll()
  }
}
