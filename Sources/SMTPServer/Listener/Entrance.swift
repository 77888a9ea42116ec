import NIOCore
import Synchronization

/// Connections that the kernel gave us and that are not yet greeted.
///
/// A door that closes with somebody in it would drop them without a word (`ServerBootstrap` closes who is being set up),
/// so doors take in nobody more, and close when all are through.
final class Entrance: Sendable {
  private let waiting = Atomic(0)

  /// Stands in the pipeline of a door.
  var doorkeeper: any ChannelHandler { Doorkeeper(self) }

  /// Waits until nobody is in the doors, and not longer than `limit`.
  func cleared(within limit: Duration) async {
    let end = ContinuousClock.now + limit
    while waiting.load(ordering: .sequentiallyConsistent) > 0, ContinuousClock.now < end {
      try? await Task.sleep(for: .milliseconds(2))
    }
  }

  private func leave() { waiting.subtract(1, ordering: .sequentiallyConsistent) }

  private final class Doorkeeper: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private let entrance: Entrance

    init(_ entrance: Entrance) { self.entrance = entrance }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      entrance.waiting.add(1, ordering: .sequentiallyConsistent)
      let guest = unwrapInboundIn(data)
      context.fireChannelRead(data)
      guest.eventLoop.execute { [entrance] in
        // Greeted, as nearly all that belong to the loop of the door.
        if guest.isActive { return entrance.leave() }
        // First, for the other handlers keep to themselves that it became active.
        do { try guest.pipeline.syncOperations.addHandler(Guest(entrance), position: .first) } catch {
          entrance.leave()
        }
      }
    }
  }

  /// Is removed when the connection is greeted or gone.
  private final class Guest: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let entrance: Entrance

    init(_ entrance: Entrance) { self.entrance = entrance }

    func channelActive(context: ChannelHandlerContext) {
      context.fireChannelActive()
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) { entrance.leave() }
  }
}
