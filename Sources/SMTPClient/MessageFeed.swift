import MailMessage
import NIOCore
import NIOPosix
import SMTPProtocol

/// A message in the form it has behind DATA, in pieces as the server takes them. What is in a file is read beside the
/// event loop, a piece at a time. For one event loop.
final class MessageFeed {
  enum Step {
    case piece([UInt8])
    /// The last one.
    case end([UInt8])
    /// The next piece is being read; ask again when this succeeds.
    case later(EventLoopFuture<Void>)
  }

  private let message: Message
  private var encoder = DotEncoder()
  private var position = 0
  private var arrived: [UInt8]?
  private var arrival: EventLoopFuture<Void>?

  init(_ message: Message) { self.message = message }

  func next(on loop: any EventLoop) -> Step {
    if position < message.head.count {
      let end = min(message.head.count, position + FileSlice.pieceSize)
      let piece = message.head.withUnsafeBytes {
        encoder.encode(UnsafeRawBufferPointer(rebasing: $0[position..<end]))
      }
      position = end
      // One write for all of a small message.
      return end < message.count ? .piece(piece) : .end(piece + encoder.end())
    }
    if let arrived {
      self.arrived = nil
      position += arrived.count
      return .piece(arrived.withUnsafeBytes { encoder.encode($0) })
    }
    guard let tail = message.tail, position < message.count else { return .end(encoder.end()) }
    return .later(arrival ?? read(tail, on: loop))
  }

  private func read(_ tail: FileSlice, on loop: any EventLoop) -> EventLoopFuture<Void> {
    let start = position - message.head.count
    let range = start..<min(tail.count, start + FileSlice.pieceSize)
    let feed = NIOLoopBound(self, eventLoop: loop)
    let arrival = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { try tail.octets(range) }
      .map { feed.value.take($0) }
    self.arrival = arrival
    return arrival
  }

  private func take(_ octets: [UInt8]) {
    arrived = octets
    arrival = nil
  }
}
