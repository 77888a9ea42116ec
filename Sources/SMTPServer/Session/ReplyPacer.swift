/// Which answers to the clients of a storm wait, and which go out.
///
/// A hundred clients that send one report after the other as fast as they are answered keep every event loop busy, and
/// each command of another mail waits for all of theirs. So while other mail comes in, only a few connections are in
/// motion, and the rest of a storm waits for its turn: not for long, for web requests of a site wait with it.
///
/// It is a value without a clock; `ReplyPacing` is what calls it.
struct ReplyPacer<Answer> {
  /// Connections that are not waiting for a held answer. Below that nothing is held. With fewer a storm is taken more
  /// slowly than two cores could, with more the other mail waits for longer.
  static var connectionsInMotion: Int { 8 }
  /// The longest that an answer is held. It counts where connections stand idle, which are taken for moving ones.
  static var patience: Duration { .milliseconds(100) }
  /// For how long after other mail more of it is expected.
  static var memory: Duration { .seconds(10) }

  private var otherMailAt: ContinuousClock.Instant?
  private var waiting: [(answer: Answer, since: ContinuousClock.Instant)] = []

  /// That are open.
  var connections = 0

  /// When the oldest held answer was given.
  var oldest: ContinuousClock.Instant? { waiting.first?.since }

  /// Other mail came in: from now on a storm has to leave it room.
  mutating func noteOtherMail(at now: ContinuousClock.Instant) { otherMailAt = now }

  /// Takes one more answer; `due` says when it goes out.
  mutating func add(_ answer: Answer, at now: ContinuousClock.Instant) { waiting.append((answer, now)) }

  /// Takes out those that may go out now, in the order in which they came.
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
