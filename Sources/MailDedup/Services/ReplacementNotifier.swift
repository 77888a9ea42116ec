import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import ServiceLifecycle

/// A service that tells the admin by mail that the database was replaced: once for each time, even after a crash in
/// between.
struct ReplacementNotifier: Service {
  private let store: SQLiteStore
  private let mailer: SummaryMailer
  private let postmaster: @Sendable () -> EmailAddress?
  private let logger: Logger

  /// Creates the service.
  ///
  /// - Parameter postmaster: Is told if no recipient of the summary is known; evaluated anew each time.
  init(
    store: SQLiteStore, mailer: SummaryMailer, postmaster: @escaping @autoclosure @Sendable () -> EmailAddress?,
    logger: Logger
  ) {
    self.store = store
    self.mailer = mailer
    self.postmaster = postmaster
    self.logger = logger
  }

  private static let pause = Duration.seconds(5)

  func run() async throws {
    let (events, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    store.onReplaced { signal.yield() }
    signal.yield()
    await cancelWhenGracefulShutdown {
      for await _ in events {
        while !Task.isCancelled, await !notifyOfAll() { try? await Task.sleep(for: Self.pause) }
      }
    }
  }

  /// Tells the admin. Returns true if nothing is left to tell.
  func notifyOfAll() async -> Bool {
    do {
      for replacement in try await store.untoldReplacements() { try await notify(replacement) }
      return true
    } catch {
      logger.event(.error, .replacementNotTold, [.error: "\(error)"])
      return false
    }
  }

  private func notify(_ replacement: StoreReplacement) async throws {
    let mail = try await mailer.notice(of: replacement, postmaster: postmaster())
    try await store.notify(mail, of: 1)
    let to = mail.map { $0.envelope.recipients.map(\.text).joined(separator: ",") }
    logger.event(.info, .replacementTold, [.recipient: "\(to ?? "nobody is known")"])
  }
}
