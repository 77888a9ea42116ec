import NIOCore
import NIOPosix
import SMTPProtocol
import Synchronization

/// Checks passwords off the event loops: a hash takes milliseconds by design, and a loop carries hundreds of clients.
///
/// Limits: two threads, a queue of `queueLimit` passwords that wait for them, and a `FailureThrottle` per client.
package final class Authenticator: Sendable {
  private static let queueLimit = 100

  private let users: PasswordFile
  private let pool: NIOThreadPool
  private let waiting = Atomic(0)
  private let throttle = Mutex(FailureThrottle())

  package init(users: PasswordFile) {
    self.users = users
    pool = NIOThreadPool(numberOfThreads: 2)
    pool.start()
  }

  deinit { pool.shutdownGracefully { _ in } }

  /// Checks the credentials of a client.
  ///
  /// - Parameter answer: called once, on a thread of the pool or at once on the caller's thread.
  func verify(
    _ credentials: LoginAttempt, of client: String, answer: @escaping @Sendable (ServerSession.Verification) -> Void
  ) {
    guard throttle.withLock({ $0.allows(client, now: .now()) }) else { return answer(.tooManyFailures) }
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.queueLimit else {
      waiting.wrappingSubtract(1, ordering: .relaxed)
      return answer(.unavailable)
    }
    pool.submit { state in
      self.waiting.wrappingSubtract(1, ordering: .relaxed)
      guard state == .active else { return answer(.unavailable) }
      let isRight = self.users.matches(user: credentials.user, password: credentials.password)
      if !isRight { self.throttle.withLock { $0.note(client, now: .now()) } }
      answer(isRight ? .accepted : .rejected)
    }
  }
}

/// The failed logins of each client over the last minute. The table is bounded by `mostClients`: beyond that it forgets
/// clients without recent failures, or else every client except the latest.
struct FailureThrottle {
  static let mostFailures = 10
  static let period = TimeAmount.seconds(60)
  static let mostClients = 10_000

  private var failures: [String: [NIODeadline]] = [:]

  init() {}

  func allows(_ client: String, now: NIODeadline) -> Bool {
    failures[client, default: []].count { now - $0 < Self.period } < Self.mostFailures
  }

  mutating func note(_ client: String, now: NIODeadline) {
    let recent = failures[client, default: []].filter { now - $0 < Self.period }
    failures[client] = Array(recent.suffix(Self.mostFailures - 1)) + [now]
    guard failures.count > Self.mostClients else { return }
    failures = failures.filter { now - ($0.value.last ?? now) < Self.period }
    // An attack from very many addresses: start again rather than grow.
    if failures.count > Self.mostClients { failures = [client: [now]] }
  }
}
