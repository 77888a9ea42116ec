/// One outbreak of an error, from the mail that began it until the error was quiet for long enough or was resolved.
package struct Episode: Hashable, Sendable, Codable {
  /// The number of episodes so far, including this one.
  package var number: Int
  /// The arrival of the first mail of the episode.
  package var start: Timestamp
  /// The number of mails of the episode, forwarded and held back.
  package var mails: Int
  /// The number of mails and digests of the episode that were sent and opened a window.
  package var told: Int
  /// The highest count of mails of the episode that the inbox has been told.
  package var milestone: Int
  package var beginning: Beginning
  /// The time for which the error was quiet before the episode, or nil in the first episode.
  package var quietBefore: Duration?
  /// True if no more mail of the episode is expected: an all-clear was sent, or an admin resolved the error.
  package var isOver: Bool

  package enum Beginning: String, Hashable, Sendable, Codable, CaseIterable {
    /// The error was never seen before.
    case new
    /// The error came back after it had been quiet.
    case again
    /// The error came back after an admin had resolved it.
    case regression
  }

  package init(
    number: Int = 1, start: Timestamp, mails: Int = 0, told: Int = 0, milestone: Int = 0, beginning: Beginning = .new,
    quietBefore: Duration? = nil, isOver: Bool = false
  ) {
    self.number = number
    self.start = start
    self.mails = mails
    self.told = told
    self.milestone = milestone
    self.beginning = beginning
    self.quietBefore = quietBefore
    self.isOver = isOver
  }

  /// Returns the episode that begins with a mail at `now`.
  func next(_ beginning: Beginning, after pause: Duration, now: Timestamp) -> Episode {
    Episode(number: number.saturatingAdding(1), start: now, beginning: beginning, quietBefore: max(.zero, pause))
  }
}
