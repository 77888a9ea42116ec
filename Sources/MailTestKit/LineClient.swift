package import NIOCore
import NIOPosix

/// A client that says what it is told and reads lines: for tests that talk to a listening server.
package final class LineClient {
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private var buffer = ByteBuffer()

  private init(
    _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) {
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
  }

  /// Connects to a port of 127.0.0.1, lets `body` talk, and closes.
  package static func connect<Result: Sendable>(
    port: Int, on group: any EventLoopGroup, _ body: (LineClient) async throws -> Result
  ) async throws -> Result {
    let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
          wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
      }
    }
    return try await channel.executeThenClose { inbound, outbound in
      try await body(LineClient(inbound, outbound))
    }
  }

  package func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  package func send(_ line: String) async throws { try await send(Array((line + "\r\n").utf8)) }

  /// Closes the sending side.
  package func finish() { outbound.finish() }

  /// The next line without its CRLF, or nil when the server has closed, be it with a reset.
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

  /// The last line of the next reply.
  package func readReply() async -> String? {
    while let line = await readLine() {
      if line.dropFirst(3).first != "-" { return line }
    }
    return nil
  }
}
