/// Whether a batch waits for messages that are arriving, so that they share its sync: a commit costs the processor
/// more than most mails, and ten clients in a row would get one each.
///
/// It is a value without a clock; the writer thread asks it.
struct Gathering {
  /// The longest that a batch waits.
  static let patience = Duration.milliseconds(1)
  /// Clients on a slow line keep nobody waiting: after a wait in which less than half of them came there is none for
  /// so long.
  static let pause = Duration.milliseconds(20)

  private var plan: (mails: Int, until: ContinuousClock.Instant)?
  private var startsAgain: ContinuousClock.Instant?

  /// - Parameters:
  ///   - mails: that are ready.
  ///   - arriving: messages that have begun and are not complete.
  /// - Returns: how long to wait for more; nil: not at all.
  mutating func wait(mails: Int, arriving: Int, at now: ContinuousClock.Instant) -> Duration? {
    if plan == nil, arriving > 0, startsAgain.map({ $0 <= now }) ?? true {
      plan = (mails + arriving, now + Self.patience)
    }
    guard let plan, mails < plan.mails else {
      self.plan = nil
      return nil
    }
    if now < plan.until { return now.duration(to: plan.until) }
    if mails * 2 < plan.mails { startsAgain = now + Self.pause }
    self.plan = nil
    return nil
  }

  /// Whether nothing is gained by waking the writer for `mails`.
  func isWaiting(for mails: Int) -> Bool { plan.map { mails < $0.mails } ?? false }
}
