import NIOCore

/// Answers what Django's mailer says, one command a read, without a look at more than its first letter.
final class Dialogue: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  static let commandBuffer = FixedSizeRecvByteBufferAllocator(capacity: 2 * 1024)
  private static let messageBuffer = FixedSizeRecvByteBufferAllocator(capacity: 32 * 1024)

  private static let banner = ByteBuffer(string: "220 floor ESMTP\r\n")
  private static let hello = ByteBuffer(string: "250-floor\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250 8BITMIME\r\n")
  private static let ok = ByteBuffer(string: "250 2.0.0 ok\r\n")
  private static let goOn = ByteBuffer(string: "354 go on\r\n")
  private static let bye = ByteBuffer(string: "221 2.0.0 bye\r\n")

  private let ledger: Ledger
  private var isInData = false
  private var mail: [UInt8] = []

  init(_ ledger: Ledger) { self.ledger = ledger }

  func channelActive(context: ChannelHandlerContext) { say(Self.banner, context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let octets = unwrapInboundIn(data)
    if isInData { return take(octets, context) }
    switch (octets.getInteger(at: octets.readerIndex, as: UInt8.self) ?? 0) | 0x20 {
    case UInt8(ascii: "e"): say(Self.hello, context)
    case UInt8(ascii: "d"):
      isInData = true
      mail.reserveCapacity(16 * 1024)
      try? context.channel.syncOptions?.setOption(.recvAllocator, value: Self.messageBuffer)
      say(Self.goOn, context)
    case UInt8(ascii: "q"):
      say(Self.bye, context)
      context.close(promise: nil)
    default: say(Self.ok, context)
    }
  }

  private func take(_ octets: ByteBuffer, _ context: ChannelHandlerContext) {
    mail.append(contentsOf: octets.readableBytesView)
    guard mail.suffix(5).elementsEqual("\r\n.\r\n".utf8) else { return }
    isInData = false
    try? context.channel.syncOptions?.setOption(.recvAllocator, value: Self.commandBuffer)
    let (loop, bound) = (context.eventLoop, NIOLoopBound((self, context), eventLoop: context.eventLoop))
    ledger.add(mail) {
      loop.execute {
        let (dialogue, context) = bound.value
        dialogue.say(Self.ok, context)
      }
    }
    mail = []
  }

  private func say(_ words: ByteBuffer, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(words), promise: nil)
  }
}
