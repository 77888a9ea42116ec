import DedupCore
import DedupStore
import EventLog
import Fleet
import HostSystem
import Logging

/// The relay's presence in its fleet: it says that it is there, and pushes counts that changed.
///
/// The interval follows what changes: a second while some errors come in, up to ten when there are very many, or none.
/// When the engine is another one, or forgot everything, all errors that are live are pushed again; so they are every
/// ten minutes, which mends whatever a clock that was set back left out.
struct FleetPresence: Sendable {
  let member: FleetMember
  let store: SQLiteStore
  /// True if nothing of the mail may leave in clear.
  let isSecret: Bool
  /// The name that is shown for this relay.
  let relay: String
  /// Takes the errors whose counts changed without a mail.
  let changed: @Sendable () -> Set<Int64>
  let logger: Logger

  private static let shortest = Duration.seconds(1)
  private static let longest = Duration.seconds(10)
  /// The pause for each error that was pushed. An engine takes about 10 µs for one, and has a hundred relays.
  private static let pause = Duration.milliseconds(10)
  private static let everything = Duration.seconds(600)
  /// Errors in one push.
  private static let atOnce = 50
  /// The age of errors that are live.
  private static let live = Duration.seconds(40 * 86_400)
  /// The time by which clocks and commits may be late.
  private static let overlap = Duration.seconds(60)

  func run() async {
    var (interval, round) = (Self.shortest, 0)
    var pushed: [Int64: FleetTotals] = [:]
    var (pushedAt, everythingAt) = (WallClock.now(), BootClock.now())
    while !Task.isCancelled {
      try? await Task.sleep(for: interval)
      if Task.isCancelled { return }
      guard await member.hello(info) else { continue }
      round += 1
      if round.isMultiple(of: 5) { await member.client.lookForPrimary() }
      let needsEverything = member.needsEverything || BootClock.now() - everythingAt >= Self.everything
      let (generation, now) = (member.generation, WallClock.now())
      let since = needsEverything ? now.advanced(by: .zero - Self.live) : pushedAt.advanced(by: .zero - Self.overlap)
      if needsEverything { pushed = [:] }
      guard let count = await push(since: since, &pushed) else { continue }
      if needsEverything {
        member.pushedEverything(to: generation)
        everythingAt = BootClock.now()
      }
      pushedAt = now
      interval = min(count > 0 ? max(Self.shortest, Self.pause * count) : interval * 2, Self.longest)
    }
  }

  /// The facts that `dedupctl fleet` shows of this relay.
  struct Info: Codable, Hashable {
    var name: String
    var version: String
    var alone: Int
  }

  private var info: String {
    let counts = member.counts
    return FleetNames.json(
      Info(name: relay, version: MailDedupVersion.text, alone: counts.alone.values.reduce(0, +)))
  }

  /// Pushes what changed.
  ///
  /// - Parameter pushed: What the engine has of the errors of the last minute.
  /// - Returns: the number of errors; nil if the engine or the store did not answer.
  private func push(since: Timestamp, _ pushed: inout [Int64: FleetTotals]) async -> Int? {
    var (count, last) = (0, Int64.min)
    var seen: [Int64: FleetTotals] = [:]
    do {
      var others = try await store.fleetTotals(of: changed())
      while true {
        let found = try await store.fleetTotals(since: since, after: last, limit: 500)
        let news = (found + others).filter { pushed[$0.row] != $0 }
        others = []
        for start in stride(from: 0, to: news.count, by: Self.atOnce) {
          let part = news[start..<min(start + Self.atOnce, news.count)]
          guard await member.push(part.map(pushing)) else { return nil }
        }
        for error in found { seen[error.row] = error }
        count += news.count
        guard found.count == 500, let next = found.last?.row else { break }
        last = next
      }
    } catch {
      logger.event(.debug, .fleetNotPushed, [.error: "\(error)"])
      return nil
    }
    pushed = seen
    return count
  }

  private func pushing(_ error: FleetTotals) -> PushedError {
    PushedError(
      error: FleetNames.name(of: error), totals: FleetNames.totals(of: error, store: member.settings.store),
      info: FleetNames.info(of: error, isSecret: isSecret))
  }
}
