import Logging
import MailMessage
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Synchronization

/// Keeps what is handed over and answers at once.
final class Collector: TransactionHandler {
  private let answer: Reply
  private let kept = Mutex<[Transaction]>([])

  init(answer: Reply = Reply(250, .init(2, 0, 0), "Accepted")) { self.answer = answer }

  var transactions: [Transaction] { kept.withLock { $0 } }

  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void) {
    kept.withLock { $0.append(transaction) }
    reply(answer)
  }
}

/// Keeps replies back until the test gives them.
final class Holder: TransactionHandler {
  typealias Pending = @Sendable (Reply) -> Void

  private let stream: AsyncStream<Pending>
  private let continuation: AsyncStream<Pending>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void) { continuation.yield(reply) }

  /// The next transaction that was handed over, as the function that answers it.
  func next() async -> Pending? {
    var iterator = stream.makeAsyncIterator()
    return await iterator.next()
  }
}

/// Runs `body` with a listener on a port that the kernel chose.
func withListener(
  _ settings: ListenerSettings, _ handler: any TransactionHandler,
  _ body: (_ port: Int, _ group: any EventLoopGroup) async throws -> Void
) async throws {
  try await withListener(settings, handler) { listener, port, group in try await body(port, group) }
}

func withListener(
  _ settings: ListenerSettings, _ handler: any TransactionHandler, identity: TLSIdentity? = nil,
  authenticator: Authenticator? = nil, largeMessages: any LargeMessages = MemoryMessages(),
  arriving: ArrivingMessages = ArrivingMessages(), log: any LogHandler = SwiftLogNoOpLogHandler(),
  _ body: (_ listener: SMTPListener, _ port: Int, _ group: any EventLoopGroup) async throws -> Void
) async throws {
  let group = MultiThreadedEventLoopGroup.singleton
  let logger = Logger(label: "test") { _ in log }
  let listener = SMTPListener(
    settings: settings, identity: identity, authenticator: authenticator, handler: handler,
    largeMessages: largeMessages, arriving: arriving, group: group, logger: logger)
  let bound = try await listener.start()
  do { try await body(listener, bound[0].port, group) } catch {
    await listener.shutdown(within: .zero)
    throw error
  }
  await listener.shutdown(within: .zero)
}

extension ListenerSettings.Endpoint {
  /// 0 for a Unix socket.
  var port: Int {
    if case .address(_, let port, _) = self { port } else { 0 }
  }
}

/// Keeps what is logged, as `level verb key=value …`.
final class LogKeeper: LogHandler {
  private let kept = Mutex<[String]>([])

  var lines: [String] { kept.withLock { $0 } }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    let pairs = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
    kept.withLock { $0.append("\(event.level) \(event.message) \(pairs)") }
  }
}

/// Has no place for large messages.
struct NoRoom: LargeMessages {
  private final class Refusal: GrowingMessage {
    private struct Full: Error {}

    func append(_ octets: [UInt8]) throws { throw Full() }

    func finish() throws -> Message { throw Full() }
  }

  func begin() -> any GrowingMessage { Refusal() }
}
