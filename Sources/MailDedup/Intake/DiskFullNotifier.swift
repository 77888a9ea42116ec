import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import SMTPProtocol
import ServiceLifecycle

/// A service that tells the admin by one mail that the disk is full: over the queue, which keeps room for that,
/// otherwise directly over the next hop.
struct DiskFullNotifier: Service {
  private let counting: DiskFullCounting
  private let store: SQLiteStore
  private let mailer: SummaryMailer
  private let destinations: Live<Destinations>
  private let directory: String
  private let logger: Logger

  init(
    counting: DiskFullCounting, store: SQLiteStore, mailer: SummaryMailer, destinations: Live<Destinations>,
    directory: String,
    logger: Logger
  ) {
    self.counting = counting
    self.store = store
    self.mailer = mailer
    self.destinations = destinations
    self.directory = directory
    self.logger = logger
  }

  private static let pause = Duration.seconds(30)

  func run() async throws {
    let (events, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    counting.onBegin { signal.yield() }
    await cancelWhenGracefulShutdown {
      for await _ in events {
        let since = WallClock.now()
        while !Task.isCancelled, await !notify(since: since) { try? await Task.sleep(for: Self.pause) }
      }
    }
  }

  /// Sends the notice. Returns true if there is nothing more to do.
  func notify(since: Timestamp) async -> Bool {
    let mail = await mailer.notice(
      ofDiskFullSince: since, directory: directory, postmaster: destinations.value.bounces.postmaster)
    guard let mail else {
      logger.event(.error, .diskFull, [.reason: "nobody is known to be told; set [delivery] postmaster"])
      return true
    }
    let to = mail.envelope.recipients.map(\.text).joined(separator: ",")
    do {
      try await store.enqueue([mail])
    } catch {
      let destinations = self.destinations.value
      let message = Message(mail.message)
      let result = await destinations.deliver(mail.envelope, mail.kind, message: message, id: mail.id)
      guard CutThrough.reply(to: result.outcomes, id: mail.id).isPositive else {
        logger.event(.error, .diskFullNotTold, [.recipient: "\(to)", .error: "\(error)"])
        return false
      }
    }
    logger.event(.error, .diskFull, [.told: "\(to)"])
    return true
  }
}
