import MailMessage
import NIOCore
import NIOPosix
import SMTPProtocol

/// A message in the form it has after DATA, in pieces as fast as the server takes them. The part in a file is read off
/// the event loop, one piece at a time. Confined to one event loop.
final class MessageFeed {
  enum Step {
    case piece(ByteBuffer)
    /// The last piece.
    case end(ByteBuffer)
    /// The next piece is being read; ask again when the future succeeds.
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
      // A small message goes out in one write.
      return end < message.count ? .piece(ByteBuffer(bytes: piece)) : .end(ended(piece))
    }
    if let arrived {
      self.arrived = nil
      position += arrived.count
      return .piece(ByteBuffer(bytes: arrived.withUnsafeBytes { encoder.encode($0) }))
    }
    guard let tail = message.tail, position < message.count else { return .end(ended([])) }
    return .later(arrival ?? read(tail, on: loop))
  }

  private func ended(_ piece: [UInt8]) -> ByteBuffer {
    let end = encoder.end()
    var buffer = ByteBuffer()
    buffer.reserveCapacity(piece.count + end.count)
    buffer.writeBytes(piece)
    buffer.writeBytes(end)
    return buffer
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
