/// The treatment of the mails of one error, as set by `[window]` for all errors, `[site NAME]` for a site, or a rule
/// for an error.
package struct WindowSettings: Hashable, Sendable {
  /// The time for which the same error is held back after a forwarded mail. No error is hidden for longer, unless there
  /// are `reminders`.
  package var length = Duration.seconds(3600)
  /// The number of variants never seen before that are forwarded within one window, in addition to the mail that opened
  /// it. They neither open a window nor reset the count of held mail. Zero by default: of the variants in our corpus
  /// none was another bug (docs/fingerprints.md, "Variants").
  package var variants = 0
  /// The largest number of variants of one error that are told apart. Further variants do not count as new. Otherwise
  /// an error whose text differs every time would show each of its mails.
  package static let mostVariants = 100
  package var mode = Mode.dedup
  /// The counts of an episode at which a short progress mail is sent, in ascending order. Empty if none is sent.
  package var milestones: [Int] = []
  /// The lengths of the first, second, third window of an episode. The last one applies to all windows that follow. If
  /// empty, each window is as long as `length`.
  package var reminders: [Duration] = []
  /// The time without mail after which an episode of the error has ended, never shorter than `length`. If zero,
  /// episodes never end.
  package var quiet = Duration.seconds(86_400)
  /// True if a mail reports the end of an episode.
  package var saysAllClear = false
  /// The largest number of mails about errors of one site that are sent within an hour. The rest waits for a digest.
  /// Zero means no limit.
  package var hourlyForwards = 30
  /// The largest number of mails with the same doubt (`DoubtKey`) that are forwarded within a window. The rest is kept
  /// and waits for a digest. Zero means no limit. The setting applies to all sites, since a doubt belongs to none.
  package var doubts = 10
  /// The change made to the Subject of all mails of an error except the first.
  package var subject = SubjectForm.count

  package init() {}

  package enum Mode: String, Hashable, Sendable, Codable, CaseIterable {
    /// One mail is forwarded per window. The others are held back and counted.
    case dedup
    /// Each mail is forwarded, whatever the window, and counted for the summary.
    case pass
  }

  /// Returns the length of the window that the mail number `told` (from 1) of an episode opens.
  package func length(afterTelling told: Int) -> Duration {
    guard !reminders.isEmpty else { return length }
    return reminders[min(max(told - 1, 0), reminders.count - 1)]
  }

  /// Returns true if an error that was not seen for `pause` has ended its episode.
  package func isQuiet(_ pause: Duration) -> Bool { endOfEpisode.map { pause >= $0 } ?? false }

  /// The time after its last mail at which an episode is over, or nil if episodes never end.
  var endOfEpisode: Duration? { quiet > .zero ? max(quiet, length) : nil }
}

/// The settings that a site or a rule changes. Nil keeps the setting of the level above.
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
    // A length of its own replaces the reminders from the level above. Otherwise it would have no effect.
    if let reminders { result.reminders = reminders } else if length != nil { result.reminders = [] }
    if let quiet { result.quiet = quiet }
    if let saysAllClear { result.saysAllClear = saysAllClear }
    if let hourlyForwards { result.hourlyForwards = hourlyForwards }
    if let subject { result.subject = subject }
    return result
  }
}
