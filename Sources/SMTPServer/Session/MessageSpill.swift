package import MailMessage
import NIOCore
import NIOPosix
import Synchronization

/// One large message on its way to storage, for one event loop: its octets are written in order, off the loop.
///
/// The loop does not wait; it stops reading from the client while `isBehind`, so that memory stays bounded when the
/// disk is slower than the network.
final class MessageSpill {
  private let message: any GrowingMessage
  private let loop: any EventLoop
  private var written: EventLoopFuture<Void>
  private var pending = 0

  init(_ message: any GrowingMessage, on loop: any EventLoop) {
    self.message = message
    self.loop = loop
    written = loop.makeSucceededVoidFuture()
  }

  /// True if octets that were appended are not yet written.
  var isBehind: Bool { pending > 0 }

  /// Writes `octets` and then calls `done` on the loop. Failures surface in `finish`.
  func append(_ octets: [UInt8], done: @escaping () -> Void) {
    pending += 1
    written = run { try $0.append(octets) }
    let spill = NIOLoopBound((self, done), eventLoop: loop)
    written.whenComplete { _ in
      let (spill, done) = spill.value
      spill.pending -= 1
      done()
    }
  }

  /// Returns the message with `rest` appended. The future fails if any write failed.
  func finish(_ rest: [UInt8]) -> EventLoopFuture<Message> {
    run {
      if !rest.isEmpty { try $0.append(rest) }
      return try $0.finish()
    }
  }

  private func run<Result: Sendable>(
    _ work: @escaping @Sendable (any GrowingMessage) throws -> Result
  ) -> EventLoopFuture<Result> {
    written.flatMap { [message, loop] in
      NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try work(message) }
    }
  }
}

/// Keeps large messages in memory, for listeners without a disk.
package struct MemoryMessages: LargeMessages {
  package init() {}

  package func begin() -> any GrowingMessage { MemoryMessage() }
}

private final class MemoryMessage: GrowingMessage {
  private let octets = Mutex<[UInt8]>([])

  func append(_ octets: [UInt8]) { self.octets.withLock { $0 += octets } }

  func finish() -> Message { Message(octets.withLock { $0 }) }
}
