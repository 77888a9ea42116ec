import Foundation
import Glibc
import NIOCore
import NIOPosix

/// What a server made of our parts must spend on a storm at least: SwiftNIO takes the mail, our reader judges it, and it
/// is counted on the disk before it is answered. There is no check of the dialogue, no window, no log. It is no relay:
/// whatever is behind DATA is thrown away.
///
///     StormFloor PORT FILE file|sqlite LOOPS
@main struct Main {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let port = Int(arguments[1]), let loops = Int(arguments[4]) else {
      print("usage: StormFloor PORT FILE file|sqlite LOOPS")
      exit(2)
    }
    let ledger = Ledger()
    let (keeping, path) = (Keeping(rawValue: arguments[3]), arguments[2])
    let thread = Thread {
      guard let keep = keeping?.opened(path) else { fatalError("\(path): cannot be opened") }
      ledger.run(keep: keep)
    }
    thread.start()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
    for loop in group.makeIterator() { _ = try listen(on: loop, port, ledger).wait() }
    while true { sleep(3600) }
  }

  /// Each event loop has a socket of its own at the port, as in the relay.
  private static func listen(
    on loop: any EventLoop, _ port: Int, _ ledger: Ledger
  ) -> EventLoopFuture<any Channel> {
    let share = ChannelOptions.Types.SocketOption.socketOption(.init(rawValue: SO_REUSEPORT))
    return ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(share, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.syncOptions?.setOption(.recvAllocator, value: Dialogue.commandBuffer)
          try channel.pipeline.syncOperations.addHandler(Dialogue(ledger))
        }
      }
      .bind(host: "127.0.0.1", port: port)
  }
}
