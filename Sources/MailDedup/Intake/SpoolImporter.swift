import DedupCore
import DedupStore
import EventLog
import Logging
import MailMessage
import ServiceLifecycle

/// A service that brings the mails of the emergency spool into the store as soon as it takes mail again: oldest first,
/// each judged and counted as of its arrival. It also imports the counts of the reserve.
struct SpoolImporter: Service {
  private let spool: EmergencySpool
  private let store: SQLiteStore
  private let reserve: CountReserve?
  private let safetyNet: SafetyNet?
  private let judge: @Sendable (EmergencySpool.Mail) -> Judged
  private let logger: Logger

  init(
    spool: EmergencySpool, store: SQLiteStore, reserve: CountReserve? = nil, safetyNet: SafetyNet? = nil,
    judge: @escaping @Sendable (EmergencySpool.Mail) -> Judged, logger: Logger
  ) {
    self.reserve = reserve
    self.safetyNet = safetyNet
    self.spool = spool
    self.store = store
    self.judge = judge
    self.logger = logger
  }

  private static let pause = Duration.seconds(5)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var hasForgotten = false
      while !Task.isCancelled {
        await importAll()
        await importCounts()
        await countHandedOn()
        if !hasForgotten { hasForgotten = await forgetFoundTransactions() }
        try? await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Imports what the reserve counted while the disk was full.
  func importCounts() async {
    guard let reserve, !reserve.isEmpty else { return }
    do {
      let count = try await store.importCounts(from: reserve)
      logger.event(.info, .countsImported, [.mails: "\(count)"])
    } catch {
      logger.event(.warning, .reserveWaits, [.error: "\(error)"])
    }
  }

  /// Adds the ordinary mail that was handed on past the store to its totals.
  func countHandedOn() async {
    do { try await safetyNet?.handOver { [store] in try await store.count($0) } } catch {
      logger.event(.debug, .handedOnUncounted, [.error: "\(error)"])
    }
  }

  /// Lets the store forget the transactions that earlier processes left for their spooled mails, once none of these
  /// mails waits. Returns true if that is done.
  private func forgetFoundTransactions() async -> Bool {
    guard let waiting = try? spool.waiting(), waiting.isEmpty else { return false }
    return (try? await store.forgetFoundTransactions()) != nil
  }

  /// Imports once; ends early if the store is still failing. A mail whose failure is its own holds up no other.
  func importAll() async {
    do {
      for id in try spool.waiting() where !Task.isCancelled {
        do throws(StoreFailure) { try await importMail(id) } catch {
          if error.kind.concernsWholeStore { throw error }
          logger.event(.warning, .notImported, [.id: "\(id)", .error: "\(error)"])
        }
      }
    } catch {
      logger.event(.warning, .spoolWaits, [.error: "\(error)"])
    }
  }

  /// Imports one mail. The order matters: if the relay crashes after the import, the file is found again, and the store
  /// knows that it has the mail. The store may only forget that when the file is gone for good.
  private func importMail(_ id: QueueID) async throws(StoreFailure) {
    let loaded = try spool.load(id) { place in
      logger.event(.error, .spoolDamaged, [.id: "\(id)", .file: "\(place)"])
    }
    guard let mail = loaded else { return }
    let verdict = try await store.importSpooled(
      Submission(
        id: mail.id, receivedAt: mail.receivedAt, envelope: mail.envelope, received: { mail.received },
        message: Message(mail.message), judge: { [judge] in judge(mail) }), transactions: mail.transactions)
    try spool.remove(id)
    try await store.forgetSpooled(id)
    logger.event(.info, .imported, [.id: "\(id)", .reason: "\(verdict?.reason ?? "imported-before")"])
  }
}
