package import NIOCore

import Glibc

/// Pauses a listening socket, in whose pipeline it stands, when accept fails (EMFILE, ENFILE, ENOBUFS): the client
/// waits in the kernel's queue, and the event loop serves the connected clients.
///
/// NIO's own `AcceptBackoffHandler` only delays the next read: the socket stays registered, the kernel reports the
/// waiting client again at once, and the loop spins.
package final class AcceptPause: ChannelDuplexHandler, RemovableChannelHandler {
  package typealias InboundIn = any Channel
  package typealias InboundOut = any Channel
  package typealias OutboundIn = any Channel

  /// An outbound event after which no more connections are accepted.
  package struct Close {
    package init() {}
  }

  /// The length of a pause.
  package static let length = TimeAmount.milliseconds(250)

  private let onPause: (any Error) -> Void
  private var isResting = false
  private var isClosing = false

  /// - Parameter onPause: called with the error once per pause.
  package init(onPause: @escaping (any Error) -> Void = { _ in }) { self.onPause = onPause }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is IOError, !isResting, !isClosing else { return context.fireErrorCaught(error) }
    isResting = true
    onPause(error)
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.length) { [self] in
      isResting = false
      guard !isClosing, context.channel.isActive else { return }
      try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
  }

  package func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard event is Close else { return context.triggerUserOutboundEvent(event, promise: promise) }
    isClosing = true
    try? context.channel.syncOptions?.setOption(.autoRead, value: false)
    promise?.succeed()
  }
}
