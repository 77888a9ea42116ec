import DedupCore

extension ConfigurationSchema {
  static let window = ConfigurationSection(
    "window", "How long an error is held back, and what goes out meanwhile. A [site NAME] can override it.",
    keys: [
      ConfigurationKey(
        "length", \.window.settings.length, WindowFormat.length, example: "15min", essential: true,
        """
        How long an error is held back after its first mail, which goes out at once: meanwhile mails of the same error \
        and site are counted. The next one after that goes out and says how many there were. 0: hold nothing back.
        """),
      ConfigurationKey(
        "mode", \.window.settings.mode, .choice, example: "pass",
        "With dedup as above. With pass every mail goes out as it comes and is only counted for the summary."),
      ConfigurationKey(
        "variants", \.window.settings.variants, WindowFormat.variants, example: "3",
        """
        How many more mails go out within the window because they show a path or text of the error that was \
        never seen before. They carry X-MailDedup-Variant. 0: none.
        """),
      ConfigurationKey(
        "quiet", \.window.settings.quiet, WindowFormat.quiet, example: "6h",
        """
        An error that has not come for this long (and for at least length) is over. Its next mail goes out at \
        once, says that the error is back and counts from one. 0: errors are never over.
        """),
      ConfigurationKey(
        "milestones", \.window.settings.milestones, WindowFormat.milestones, example: "10, 100, 1000, 10000",
        """
        Counts at which a short mail says how often the error has come since it began, while its mails are held \
        back. Empty: none.
        """),
      ConfigurationKey(
        "reminders", \.window.settings.reminders, WindowFormat.reminders, example: "1h, 4h, 1d",
        """
        How long the first, second, third window of an error that goes on lasts, in place of length. The last \
        one repeats. Empty: every window is as long as length.
        """),
      ConfigurationKey(
        "all-clear", \.window.settings.saysAllClear, .boolean, example: "yes",
        "Whether a mail says that an error is over."),
      ConfigurationKey(
        "storm-cap", \.window.settings.hourlyForwards, WindowFormat.hourlyForwards, example: "100",
        """
        Once this many mails about errors of a site have gone out within an hour, further ones wait for a \
        digest, which comes every 5 minutes and names each error. Ordinary mail never waits for it. 0: no cap.
        """),
      ConfigurationKey(
        "doubts", \.window.settings.doubts, WindowFormat.doubts, example: "30",
        """
        Mail that may be an error report but cannot be read with certainty goes out. Once this many that look \
        alike have gone out within length, and their sender is known for error reports, further ones are kept \
        for a digest, which comes every 5 minutes; dedupctl queue release sends them. 0: no limit. Not for [site \
        NAME].
        """),
      ConfigurationKey(
        "subject", \.window.settings.subject, .choice, example: "reply",
        """
        What happens to the Subject of later mails of an error. count: the count goes before it in brackets. \
        reply: Re: goes before it, which keeps them in one thread in Gmail; the count is in X-MailDedup-Count. \
        unchanged: nothing.
        """),
    ])
}

/// The formats of the window settings, in `[window]`, `[site NAME]` and rules alike.
enum WindowFormat {
  static let length = ValueFormat<Duration>.duration(.zero...(.seconds(30 * 86_400)))
  static let quiet = ValueFormat<Duration>.duration(.zero...(.seconds(365 * 86_400)))
  static let variants = ValueFormat<Int>.count(0...100)
  static let doubts = ValueFormat<Int>.count(0...10_000)
  static let hourlyForwards = ValueFormat<Int>.count(0...10_000)
  static let reminders = ValueFormat<[Duration]>.list(
    .duration(.seconds(60)...(.seconds(30 * 86_400))), of: "durations in s, min, h or d", mayBeEmpty: true)

  /// The format of milestones. They ascend; otherwise a later one would never be announced.
  static let milestones: ValueFormat<[Int]> = {
    let list = ValueFormat<[Int]>.list(.count(2...1_000_000_000), of: "numbers", mayBeEmpty: true)
    return ValueFormat(
      syntax: list.syntax, range: list.range,
      read: { (text) throws(ValueProblem) in
        let counts = try list.read(text)
        guard zip(counts, counts.dropFirst()).allSatisfy({ $0 < $1 }) else {
          throw ValueProblem(item: text, what: "is not in ascending order", remedy: "write the smallest first")
        }
        return counts
      },
      write: list.write)
  }()
}

/// One key of `[site NAME]` or of a rule that overrides a key of `[window]`.
package struct OverrideKey: Sendable {
  package let name: String
  package let example: String
  private let read: @Sendable (String, inout WindowOverrides) throws(ValueProblem) -> Void
  private let write: @Sendable (WindowOverrides) -> String?

  private init<Value: Sendable>(
    _ name: String, _ field: any WritableKeyPath<WindowOverrides, Value?> & Sendable, _ format: ValueFormat<Value>
  ) {
    self.name = name
    example = ConfigurationSchema.window.key(name)?.example ?? ""
    read = { (text, overrides) throws(ValueProblem) in overrides[keyPath: field] = try format.read(text) }
    write = { $0[keyPath: field].map(format.write) }
  }

  func assign(_ text: String, to overrides: inout WindowOverrides) throws(ValueProblem) { try read(text, &overrides) }

  /// Returns `key = value`, or nil if the key is not overridden.
  func line(of overrides: WindowOverrides) -> String? {
    write(overrides).map { $0.isEmpty ? "\(name) =" : "\(name) = \($0)" }
  }

  /// The keys that `[site NAME]` takes from `[window]`: all but `doubts`, because a doubtful report has no site.
  package static let ofSites = [
    OverrideKey("length", \.length, WindowFormat.length), OverrideKey("mode", \.mode, .choice),
    OverrideKey("variants", \.variants, WindowFormat.variants), OverrideKey("quiet", \.quiet, WindowFormat.quiet),
    OverrideKey("milestones", \.milestones, WindowFormat.milestones),
    OverrideKey("reminders", \.reminders, WindowFormat.reminders),
    OverrideKey("all-clear", \.saysAllClear, .boolean),
    OverrideKey("storm-cap", \.hourlyForwards, WindowFormat.hourlyForwards),
    OverrideKey("subject", \.subject, .choice),
  ]

  /// The keys that a rule may set: none that concern a site as a whole; a rule has its own `window` and `action`.
  static let ofRules = ofSites.filter { !["length", "mode", "storm-cap"].contains($0.name) }
}
