/// The numbers of recipients that went to one smarthost within a minute; they have to survive a restart.
package struct Departures: Hashable, Sendable {
  package var nextHop: String
  /// The time in whole minutes since 1970.
  package var minute: Int64
  package var ordinary: Int
  /// The recipients of error mail and the relay's own mail.
  package var other: Int

  package init(nextHop: String, minute: Int64, ordinary: Int, other: Int) {
    self.nextHop = nextHop
    self.minute = minute
    self.ordinary = ordinary
    self.other = other
  }

  package var total: Int { ordinary.saturatingAdding(other) }
}

extension Timestamp {
  /// The time in whole minutes since 1970, rounded down.
  package var minute: Int64 { milliseconds.flooringQuotient(dividingBy: 60_000) }

  /// Creates the time at which a minute is over.
  init(endOfMinute minute: Int64) { self.init(seconds: (minute + 1) * 60) }
}

/// The log of departures to one smarthost: exact for the rate; for the day by the minute, which counts as its end.
struct DepartureLog: Sendable {
  static let day = Duration.seconds(86_400)
  /// The longest period that the rate looks back on.
  private static let longestPeriod = DeliveryRate.Period.hour.length

  /// The single departures, the oldest first.
  private(set) var recent: [(at: Timestamp, recipients: Int)] = []
  /// The departures by the minute, one entry for each, the oldest first.
  private(set) var minutes: [Departures] = []
  private(set) var ordinaryOfDay = 0
  private(set) var otherOfDay = 0

  init() {}

  /// Creates a log from what an earlier process recorded; for the rate, departures are known only to the minute.
  init(_ recorded: [Departures], now: Timestamp) {
    for minute in recorded.sorted(by: { $0.minute < $1.minute }) {
      minutes.append(minute)
      recent.append((min(Timestamp(endOfMinute: minute.minute), now), minute.total))
    }
    sum()
    forget(before: now)
  }

  mutating func add(_ recipients: Int, isOrdinary: Bool, nextHop: String, at now: Timestamp) {
    recent.append((now, recipients))
    if minutes.last?.minute != now.minute {
      minutes.append(Departures(nextHop: nextHop, minute: now.minute, ordinary: 0, other: 0))
    }
    let last = minutes.count - 1
    if isOrdinary {
      minutes[last].ordinary += recipients
      ordinaryOfDay += recipients
    } else {
      minutes[last].other += recipients
      otherOfDay += recipients
    }
  }

  /// Forgets what no limit counts any more. Departures in the future, after the clock was set back, count as of now:
  /// they would otherwise count for as long as the clock takes to catch up.
  mutating func forget(before now: Timestamp) {
    if let last = recent.last, last.at > now {
      for index in recent.indices { recent[index].at = min(recent[index].at, now) }
    }
    let start = now.advanced(by: .zero - Self.longestPeriod)
    let old = recent.firstIndex { $0.at > start } ?? recent.count
    if old > 0 { recent.removeFirst(old) }
    if let last = minutes.last, last.minute > now.minute { gatherFuture(at: now) }
    let dayStart = now.advanced(by: .zero - Self.day)
    let oldMinutes = minutes.firstIndex { Timestamp(endOfMinute: $0.minute) > dayStart } ?? minutes.count
    guard oldMinutes > 0 else { return }
    minutes.removeFirst(oldMinutes)
    sum()
  }

  private mutating func gatherFuture(at now: Timestamp) {
    let split = minutes.firstIndex { $0.minute >= now.minute } ?? minutes.count
    let future = minutes[split...]
    guard let first = future.first else { return }
    let gathered = Departures(
      nextHop: first.nextHop, minute: now.minute, ordinary: future.map(\.ordinary).reduce(0, +),
      other: future.map(\.other).reduce(0, +))
    minutes.removeSubrange(split...)
    minutes.append(gathered)
  }

  private mutating func sum() {
    ordinaryOfDay = minutes.reduce(0) { $0 + $1.ordinary }
    otherOfDay = minutes.reduce(0) { $0 + $1.other }
  }

  /// Returns the number of recipients within the period that ends at `now`.
  func count(within period: Duration, now: Timestamp) -> Int {
    let start = now.advanced(by: .zero - period)
    return recent.reversed().prefix { $0.at > start }.reduce(0) { $0 + $1.recipients }
  }
}

/// Finds the time from which a number of recipients has room, going back from the latest departure.
struct RoomSearch {
  private let limit: Int
  private let period: Duration
  private var sum: Int
  /// The time at which there is room; nil: at once.
  private(set) var time: Timestamp?
  /// True if older departures change nothing any more.
  private(set) var isDone = false

  init(for recipients: Int, limit: Int, period: Duration) {
    self.limit = limit
    self.period = period
    sum = recipients
  }

  /// Returns true if so many more recipients change nothing.
  func hasRoom(for recipients: Int) -> Bool { sum.saturatingAdding(recipients) <= limit }

  /// Takes one departure into account; must be called for the latest first.
  mutating func goBack(to time: Timestamp, recipients: Int) {
    guard !isDone else { return }
    sum = sum.saturatingAdding(recipients)
    guard sum > limit else { return }
    // This departure has to be out of the window by then; all earlier ones are out as well.
    self.time = time.advanced(by: period)
    isDone = true
  }
}
