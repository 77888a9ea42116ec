import NIOCore
import Synchronization

/// The connections that were accepted from the kernel and are not yet greeted.
///
/// A door that closes drops the connections still being set up in it without a reply (`ServerBootstrap` closes them).
/// So doors first stop accepting, and close when all connections are through.
final class AcceptBacklog: Sendable {
  private let waiting = Atomic(0)

  /// A new handler for the pipeline of a door, which counts the accepted connections.
  var doorkeeper: any ChannelHandler { Doorkeeper(self) }

  /// Waits until no connection is left in the doors, but no longer than `limit`.
  func cleared(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    while waiting.load(ordering: .sequentiallyConsistent) > 0, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(2))
    }
  }

  private func leave() { waiting.subtract(1, ordering: .sequentiallyConsistent) }

  private final class Doorkeeper: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let entrance: AcceptBacklog

    init(_ entrance: AcceptBacklog) { self.entrance = entrance }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      entrance.waiting.add(1, ordering: .sequentiallyConsistent)
      let guest = unwrapInboundIn(data)
      context.fireChannelRead(data)
      guest.eventLoop.execute { [entrance] in
        // Greeted already, like nearly all connections that belong to the loop of the door.
        if guest.isActive { return entrance.leave() }
        // First in the pipeline, because the other handlers do not pass on that it became active.
        do { try guest.pipeline.syncOperations.addHandler(Guest(entrance), position: .first) } catch {
          entrance.leave()
        }
      }
    }
  }

  /// Counts one connection out of the entrance; it is removed when the connection is greeted or gone.
  private final class Guest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let entrance: AcceptBacklog

    init(_ entrance: AcceptBacklog) { self.entrance = entrance }

    func channelActive(context: ChannelHandlerContext) {
      context.fireChannelActive()
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { entrance.leave() }
  }
}
