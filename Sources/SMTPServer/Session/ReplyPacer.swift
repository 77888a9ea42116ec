/// A queue of replies to the clients of a storm, which decides which wait and which go out.
///
/// A hundred clients that each send one report after another as fast as they get replies keep every event loop busy,
/// and each command of other mail waits for all of theirs. So while other mail comes in, only a few connections are in
/// motion, and the rest of a storm waits its turn. The wait is short because a site's web requests wait with it.
///
/// The pacer is a value without a clock; `ReplyPacing` drives it.
struct ReplyPacer<Answer> {
  /// The number of connections without a held reply below which nothing is held. With fewer in motion, a storm is taken
  /// more slowly than two cores could; with more, other mail waits longer.
  static var connectionsInMotion: Int { 8 }
  /// The longest that a reply is held. It matters where connections stand idle, since idle ones count as in motion.
  static var patience: Duration { .milliseconds(100) }
  /// The time after other mail during which more of it is expected.
  static var memory: Duration { .seconds(10) }

  private var otherMailAt: ContinuousClock.Instant?
  private var waiting: [(answer: Answer, since: ContinuousClock.Instant)] = []

  /// The number of open connections.
  var connections = 0

  /// The time at which the oldest held reply was added, or nil if none is held.
  var oldest: ContinuousClock.Instant? { waiting.first?.since }

  /// Notes that other mail came in: from now on a storm has to leave room for it.
  mutating func noteOtherMail(at now: ContinuousClock.Instant) { otherMailAt = now }

  /// Adds a reply; `due` says when it goes out.
  mutating func add(_ answer: Answer, at now: ContinuousClock.Instant) { waiting.append((answer, now)) }

  /// Removes and returns the replies that may go out now, in order of arrival.
  mutating func due(at now: ContinuousClock.Instant) -> [Answer] {
    guard !waiting.isEmpty else { return [] }
    let isAlone = otherMailAt.map { $0.duration(to: now) > Self.memory } ?? true
    var count = 0
    while count < waiting.count {
      let inMotion = connections - (waiting.count - count)
      let hasWaited = waiting[count].since.duration(to: now) >= Self.patience
      guard isAlone || hasWaited || inMotion < Self.connectionsInMotion else { break }
      count += 1
    }
    defer { waiting.removeFirst(count) }
    return waiting.prefix(count).map(\.answer)
  }
}
