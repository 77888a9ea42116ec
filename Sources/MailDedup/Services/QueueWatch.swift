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
  private let growth = Live<QueueGrowth?>(nil)
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

  private static let pause = Duration.seconds(1)
  /// The number of rounds between two checks of the queue's size.
  private static let looksPerMinute = 60
  /// The setting of the store that holds the time since when the queue grows and the maximum number of mails that waited,
  /// if that was reported; empty if it does not grow. After a restart the growth goes on, and is not reported again.
  private static let toldSetting = "queue.grows-since"

  /// The growth of the queue, or nil if it does not grow.
  var standing: QueueGrowth.Status? { growth.value?.standing }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var looks = 0
      while !Task.isCancelled {
        await setNoticeMode(now: WallClock.now())
        if looks % Self.looksPerMinute == 0 { await look(now: WallClock.now()) }
        looks += 1
        try? await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Sets how errors are reported, one by one or in digests, as the limits demand.
  func setNoticeMode(now: Timestamp) async {
    let queued = await reportsQueued()
    var (noticeMode, room) = (NoticeMode.oneByOne, Int?.none)
    pacing.change {
      noticeMode = $0.noticeMode(now: now, queued: queued)
      room = $0.noticeRoom(queued: queued)
    }
    let isChange = noticeMode != store.noticeMode
    store.setNoticeMode(noticeMode, room: room)
    guard isChange else { return }
    logger.event(.notice, .errorsTold, [.how: "\(noticeMode == .oneByOne ? "one by one" : "in digests")"])
  }

  /// Returns the number of recipients of queued mails about errors, as far as it matters to the limits.
  private func reportsQueued() async -> Int {
    guard let most = pacing.value.noticeRoom(queued: 0), most > 0 else { return 0 }
    let reports = try? await store.queue(QueueFilter(kind: .report, limit: most))
    return reports?.reduce(0) { $0 + $1.recipients.count } ?? 0
  }

  func look(now: Timestamp) async {
    do {
      let status = try await store.queueStatus()
      var growth = try await growthSoFar()
      let change = growth.look(waiting: status.waiting - status.held, oldest: status.oldest, now: now)
      self.growth.adopt(growth)
      switch change {
      case .begins(let standing): await notify(standing)
      case .ends: logger.event(.notice, .queueShrinks, [.waiting: "\(status.waiting)"])
      case nil: break
      }
      try await remember(growth.standing)
    } catch {
      logger.event(.warning, .queueUnreadable, [.error: "\(error)"])
    }
  }

  private func growthSoFar() async throws -> QueueGrowth {
    if let growth = growth.value { return growth }
    let told = try await store.setting(Self.toldSetting)?.split(separator: " ").compactMap { Int64($0) } ?? []
    guard let since = told.first else { return QueueGrowth() }
    let most = told.count > 1 ? Int(clamping: told[1]) : QueueGrowth.fewest
    return QueueGrowth(standing: .init(since: Timestamp(milliseconds: since), most: most))
  }

  /// Keeps what a restart has to know of the growth that was reported.
  private func remember(_ standing: QueueGrowth.Status?) async throws {
    guard let told = try await store.setting(Self.toldSetting), !told.isEmpty else { return }
    let setting = standing.map(Self.setting) ?? ""
    if setting != told { try await store.setSetting(Self.toldSetting, setting) }
  }

  private static func setting(_ standing: QueueGrowth.Status) -> String {
    "\(standing.since.milliseconds) \(standing.most)"
  }

  private func notify(_ standing: QueueGrowth.Status) async {
    logger.event(.error, .queueGrows, [.waiting: "\(standing.waiting)"])
    let latest = try? await store.queue(QueueFilter(state: .deferred, limit: 1)).first?.lastFailure
    let paced = try? await store.queue(QueueFilter(limit: 1)).first?.pacedBy
    guard
      let mail = await mailer.notice(
        ofGrowth: standing, reason: latest ?? paced.map { "it waits for its turn, \($0)" }, postmaster: postmaster())
    else { return }
    do {
      try await store.enqueue([mail], setting: (Self.toldSetting, Self.setting(standing)))
    } catch {
      logger.event(.error, .queueGrowthNotTold, [.error: "\(error)"])
    }
  }
}
