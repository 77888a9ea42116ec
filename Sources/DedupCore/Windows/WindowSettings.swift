/// How the mails of one error are treated: what `[window]` says for all, `[site NAME]` for a site, a rule for an error.
package struct WindowSettings: Hashable, Sendable {
  /// How long after a forwarded mail the same error is held back. No error is hidden for longer, unless there are
  /// `reminders`.
  package var length = Duration.seconds(3600)
  /// How many variants that were never seen before go out within one window, beside the mail that opened it. They
  /// neither open a window nor clear the count of what is held back. None by default: of the variants in our corpus
  /// none was another bug (docs/fingerprints.md, "Variants").
  package var variants = 0
  /// Variants of one error that are told apart. One that comes when there are as many is not new: an error whose text
  /// differs every time would otherwise show each of its mails.
  package static let mostVariants = 100
  package var mode = Mode.dedup
  /// Counts of an episode at which a short progress mail goes out, in ascending order. Empty: none.
  package var milestones: [Int] = []
  /// The lengths of the first, second, third window of an episode, the last one of all that follow. Empty: each is as
  /// long as `length`.
  package var reminders: [Duration] = []
  /// An error that was not seen for so long has ended its episode; never shorter than `length`. Zero: never.
  package var quiet = Duration.seconds(86_400)
  /// Whether a mail says that an episode ended.
  package var saysAllClear = false
  /// Most mails about errors that go out within an hour from one site; what is more waits for a digest. Zero: no limit.
  package var hourlyForwards = 30
  /// Most mails that go out within a window because of doubts that agree (`DoubtKey`); what is more is kept and waits for
  /// a digest. Zero: no limit. Of all sites: a doubt belongs to none.
  package var doubts = 10
  /// What becomes of the Subject of all but the first mail.
  package var subject = SubjectForm.count

  package init() {}

  package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
    /// One mail a window; the others are held back and counted.
    case dedup
    /// Each mail goes out, whatever the window; it is counted for the summary.
    case pass
  }

  /// How long the window is that the mail number `told` (from 1) of an episode opens.
  package func length(afterTelling told: Int) -> Duration {
    guard !reminders.isEmpty else { return length }
    return reminders[min(max(told - 1, 0), reminders.count - 1)]
  }

  /// Whether an error that was not seen for `pause` has ended its episode.
  package func isQuiet(_ pause: Duration) -> Bool { endOfEpisode.map { pause >= $0 } ?? false }

  /// How long after its last mail an episode is over; nil: never.
  package var endOfEpisode: Duration? { quiet > .zero ? max(quiet, length) : nil }
}

/// What a site or a rule says otherwise; nil: as the level above it.
package struct WindowOverrides: Hashable, Sendable, Codable {
  package var length: Duration?
  package var variants: Int?
  package var mode: WindowSettings.Mode?
  package var milestones: [Int]?
  package var reminders: [Duration]?
  package var quiet: Duration?
  package var saysAllClear: Bool?
  package var hourlyForwards: Int?
  package var subject: SubjectForm?

  package init(length: Duration? = nil) { self.length = length }

  package func applied(to settings: WindowSettings) -> WindowSettings {
    var result = settings
    if let length { result.length = length }
    if let variants { result.variants = variants }
    if let mode { result.mode = mode }
    if let milestones { result.milestones = milestones }
    // A length of its own takes the place of reminders from above, or it would say nothing.
    if let reminders { result.reminders = reminders } else if length != nil { result.reminders = [] }
    if let quiet { result.quiet = quiet }
    if let saysAllClear { result.saysAllClear = saysAllClear }
    if let hourlyForwards { result.hourlyForwards = hourlyForwards }
    if let subject { result.subject = subject }
    return result
  }
}
