/// Decides whether a batch waits for messages that are arriving, so that they share its sync: a commit costs the
/// processor more than most mails, and ten clients in a row would get one each.
///
/// It is a value without a clock; the writer thread asks it.
struct Gathering {
  /// The longest time that a batch waits.
  static let patience = Duration.milliseconds(1)
  /// The pause after a wait in which less than half of the expected mails came, so that clients on a slow line do not
  /// keep others waiting.
  static let pause = Duration.milliseconds(20)

  private var plan: (mails: Int, until: ContinuousClock.Instant)?
  private var startsAgain: ContinuousClock.Instant?

  /// Returns the time to wait for more mails.
  ///
  /// - Parameters:
  ///   - mails: the number of mails that are ready.
  ///   - arriving: the number of messages that have begun and are not complete.
  /// - Returns: the time to wait; nil if the batch should not wait.
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

  /// Returns true if nothing is gained by waking the writer for `mails`.
  func isWaiting(for mails: Int) -> Bool { plan.map { mails < $0.mails } ?? false }
}
