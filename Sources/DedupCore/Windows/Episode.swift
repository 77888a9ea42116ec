/// One outbreak of an error: from the mail that began it until the error was quiet for long enough, or was resolved.
package struct Episode: Hashable, Sendable, Codable {
  /// How many there were so far, this one included.
  package var number: Int
  /// When its first mail came.
  package var start: Timestamp
  /// Mails of it, forwarded and held back.
  package var mails: Int
  /// Mails and digests of it that went out and opened a window.
  package var told: Int
  /// The highest milestone that the inbox knows of.
  package var milestone: Int
  package var beginning: Beginning
  /// How long the error had been quiet before; nil in the first episode.
  package var quietBefore: Duration?
  /// Nothing of it is expected any more: an all-clear was sent, or somebody resolved it.
  package var isOver: Bool

  package enum Beginning: String, Hashable, Sendable, Codable, CaseIterable {
    /// Never seen before.
    case new
    /// Came back after it had been quiet.
    case again
    /// Came back after somebody resolved it.
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

  /// The one that a mail at `now` begins.
  func next(_ beginning: Beginning, after pause: Duration, now: Timestamp) -> Episode {
    Episode(number: number.saturatingAdding(1), start: now, beginning: beginning, quietBefore: max(.zero, pause))
  }
}
