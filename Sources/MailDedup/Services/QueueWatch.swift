import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import ServiceLifecycle

/// A watch over the queue. It tells the admin once when the queue grows, by a mail that goes first, and has errors
/// reported in digests when the limits of the next hops leave no room for more.
struct QueueWatch: Service {
  private let store: SQLiteStore
  private let pacing: Live<DeliveryPacing>
  private let mailer: SummaryMailer
  private let postmaster: @Sendable () -> EmailAddress?
  private let growth = Live(QueueGrowth())
  private let logger: Logger

  init(
    store: SQLiteStore, pacing: Live<DeliveryPacing>, mailer: SummaryMailer,
    postmaster: @escaping @Sendable () -> EmailAddress?, logger: Logger
  ) {
    self.store = store
    self.pacing = pacing
    self.mailer = mailer
    self.postmaster = postmaster
    self.logger = logger
  }

  private static let pause = Duration.seconds(5)
  /// The number of rounds between two checks of the queue's size.
  private static let looksPerMinute = 12
  /// The setting of the store that holds the time since when the queue grows, if that was reported; empty if it does
  /// not grow. A restart reports nothing twice.
  private static let toldSetting = "queue.grows-since"

  /// The growth of the queue, or nil if it does not grow.
  var standing: QueueGrowth.Status? { growth.value.standing }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var looks = 0
      while !Task.isCancelled {
        setNoticeMode(now: WallClock.now())
        if looks % Self.looksPerMinute == 0 { await look(now: WallClock.now()) }
        looks += 1
        try? await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Sets how errors are reported, one by one or in digests, as the limits demand.
  func setNoticeMode(now: Timestamp) {
    var noticeMode = NoticeMode.oneByOne
    pacing.change { noticeMode = $0.noticeMode(now: now) }
    guard noticeMode != store.noticeMode else { return }
    store.setNoticeMode(noticeMode)
    logger.event(.notice, .errorsTold, [.how: "\(noticeMode == .oneByOne ? "one by one" : "in digests")"])
  }

  func look(now: Timestamp) async {
    do {
      let status = try await store.queueStatus()
      var change: QueueGrowth.Change?
      growth.change { change = $0.look(waiting: status.waiting - status.held, oldest: status.oldest, now: now) }
      switch change {
      case .begins(let standing): await notify(standing)
      case .ends: logger.event(.notice, .queueShrinks, [.waiting: "\(status.waiting)"])
      case nil: break
      }
      if standing == nil, try await wasTold() { try await store.setSetting(Self.toldSetting, "") }
    } catch {
      logger.event(.warning, .queueUnreadable, [.error: "\(error)"])
    }
  }

  private func wasTold() async throws -> Bool { try await store.setting(Self.toldSetting)?.isEmpty == false }

  private func notify(_ standing: QueueGrowth.Status) async {
    logger.event(.error, .queueGrows, [.waiting: "\(standing.waiting)"])
    if (try? await wasTold()) == true { return }
    let latest = try? await store.queue(QueueFilter(state: .deferred, limit: 1)).first?.lastFailure
    let paced = try? await store.queue(QueueFilter(limit: 1)).first?.pacedBy
    guard
      let mail = await mailer.notice(
        ofGrowth: standing, reason: latest ?? paced.map { "it waits for its turn, \($0)" }, postmaster: postmaster())
    else { return }
    do {
      try await store.enqueue([mail], setting: (Self.toldSetting, String(standing.since.milliseconds)))
    } catch {
      logger.event(.error, .queueGrowthNotTold, [.error: "\(error)"])
    }
  }
}
