package import NIOCore
import NIOPosix

/// A scripted client that sends octets and reads lines, for tests that talk to a listening server.
package final class LineClient {
  /// The client's channel, for tests that change the pipeline, e.g. for TLS.
  package let channel: any Channel
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var buffer = ByteBuffer()

  private init(
    _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
    _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) {
    self.channel = channel
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
  }

  /// Connects to a port of 127.0.0.1, runs `body` and closes.
  ///
  /// - Parameter prepare: adds handlers below the lines, e.g. for TLS from the start.
  package static func connect<Result: Sendable>(
    port: Int, on group: any EventLoopGroup, prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
    _ body: (LineClient) async throws -> Result
  ) async throws -> Result {
    try await connect(to: SocketAddress(ipAddress: "127.0.0.1", port: port), on: group, prepare: prepare, body)
  }

  /// Connects to any address, e.g. that of a Unix socket, runs `body` and closes.
  package static func connect<Result: Sendable>(
    to address: SocketAddress, on group: any EventLoopGroup,
    prepare: @escaping @Sendable (any Channel) throws -> Void = { _ in },
    _ body: (LineClient) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: group).connect(to: address) { channel in
      channel.eventLoop.makeCompletedFuture {
        try prepare(channel)
        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
          wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
      }
    }
    var result: Result?
    do {
      try await channel.executeThenClose { inbound, outbound in
        result = try await body(LineClient(channel.channel, inbound, outbound))
      }
    } catch  where result != nil {
      // Closing a connection that the server has already closed is no failure.
    }
    guard let result else { throw ChannelError.ioOnClosedChannel }
    return result
  }

  package func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  package func send(_ line: String) async throws { try await send(Array((line + "\r\n").utf8)) }

  /// Closes the sending side.
  package func finish() { outbound.finish() }

  /// Reads the next line without its CRLF. Returns nil if the server has closed the connection, even with a reset.
  package func readLine() async -> String? {
    while true {
      if let length = buffer.readableBytesView.firstIndex(of: 0x0A).map({ $0 - buffer.readerIndex + 1 }),
        let line = buffer.readString(length: length)
      {
        return line.hasSuffix("\r\n") ? String(line.dropLast()) : line
      }
      guard var more = try? await inbound.next() else { return nil }
      buffer.writeBuffer(&more)
    }
  }

  /// Reads the next reply and returns its last line, or nil if the server has closed the connection.
  package func readReply() async -> String? {
    while let line = await readLine() {
      if line.dropFirst(3).first != "-" { return line }
    }
    return nil
  }
}
