import DedupCore
import MailMessage
import NIOCore
import NIOPosix
import SMTPProtocol

/// One connection to the smarthost: greeted, and carrying one mail at a time.
final class SmarthostConnection: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<SmarthostHandler>

  private init(_ channel: any Channel, _ handler: NIOLoopBound<SmarthostHandler>) {
    self.channel = channel
    self.handler = handler
  }

  /// Whether the server has not closed it, as far as we know.
  var isOpen: Bool { channel.isActive }

  /// Connects, waits for the banner and says EHLO.
  static func open(
    to smarthost: Smarthost, _ settings: SMTPTransportSettings, on group: any EventLoopGroup
  ) async throws(Trouble) -> SmarthostConnection {
    let bootstrap = ClientBootstrap(group: group.next())
      .connectTimeout(TimeAmount(settings.timeouts.connect))
      .channelInitializer { channel in
        // TLS will stand in front of this handler.
        channel.eventLoop.makeCompletedFuture {
          let handler = SmarthostHandler(settings: settings, loop: channel.eventLoop)
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
    let channel: any Channel
    do { channel = try await bootstrap.connect(host: smarthost.host, port: smarthost.port).get() } catch {
      throw .unreachable(describe(error, smarthost))
    }
    let handler: NIOLoopBound<SmarthostHandler>
    let trouble: Trouble?
    do {
      handler = try await channel.eventLoop.submit {
        NIOLoopBound(
          try channel.pipeline.syncOperations.handler(type: SmarthostHandler.self), eventLoop: channel.eventLoop)
      }.get()
      trouble = try await channel.eventLoop.flatSubmit { handler.value.readiness }.get()
    } catch {
      throw .lost(at: .greeting)
    }
    if let trouble { throw trouble }
    return SmarthostConnection(channel, handler)
  }

  /// Sends one mail. The next may only come when this one is done.
  func deliver(_ job: ClientSession.Job, message: [UInt8]) async -> ClientSession.Delivery {
    let promise = channel.eventLoop.makePromise(of: ClientSession.Delivery.self)
    channel.eventLoop.execute { self.handler.value.deliver(job, message: message, promise: promise) }
    do { return try await promise.futureResult.get() } catch {
      return ClientSession.Delivery(
        outcomes: job.envelope.recipients.map { _ in .failed(.lost(at: .message)) })
    }
  }

  /// Takes leave; the connection closes when the server has answered, or soon after.
  func quit() { channel.eventLoop.execute { self.handler.value.quit() } }

  /// Closes at once. A mail on its way ends as deferred.
  func cut() { channel.close(promise: nil) }
}
