import MailMessage

/// The pace at which a next hop takes mail, learned from what it refuses for the rate.
///
/// A refusal cuts the pace to what was taken since the refusal before, and at least by a tenth, at most by half. After
/// it the pace rises as long as mail waits for it: by a quarter a second up to 0.85 of the pace that was refused, by
/// 3 % a second around that one, and by a fifth a second beyond. Refusals of mail that was on its way before the cut
/// are the same refusal. Those in a row say nothing new about the pace: each only lengthens the pause, from 0.1 s to
/// 0.5 s.
package struct LearnedPace: Hashable, Sendable {
  /// The pace, in mails a second.
  package private(set) var rate: Double
  /// The time at which the next mail may begin.
  package private(set) var opensAt = Duration.zero
  /// The time of the last refusal.
  private(set) var refusedAt: Duration
  /// The pace at the last refusal.
  private var refusedRate: Double
  /// The number of mails that were taken since then.
  private var taken = 0
  private var refusalsInARow = 0

  private static let slowest = 0.05
  private static let shortestPause = Duration.milliseconds(100)
  private static let longestPause = Duration.milliseconds(500)
  /// The time after which a pace that no mail used is forgotten.
  private static let memory = Duration.seconds(600)

  /// Creates the pace after the first refusal.
  ///
  /// - Parameter rate: the number of mails a second that were taken before it.
  package init(rate: Double, refusedAt now: Duration) {
    self.rate = max(Self.slowest, rate)
    (refusedAt, refusedRate) = (now, self.rate)
    rest(now)
  }

  /// Records that a mail was refused for the rate.
  ///
  /// - Parameter begun: the time at which it was begun.
  package mutating func refused(begun: Duration, at now: Duration) {
    guard begun >= refusedAt else { return }
    if taken > 0 {
      let time = (now - refusedAt).inSeconds
      let taking = time >= 1 ? Double(taken) / time : 0
      refusedRate = rate
      rate = max(Self.slowest, min(max(taking, rate / 2), rate * 0.9))
    }
    (refusedAt, taken) = (now, 0)
    rest(now)
  }

  /// Records that a mail was taken.
  package mutating func accepted() {
    taken += 1
    refusalsInARow = 0
  }

  /// Records that a mail was begun.
  package mutating func begin(at now: Duration) {
    let interval = Duration.seconds(1 / rate)
    let late = now - opensAt
    if late < max(interval, .milliseconds(50)) { rate *= 1 + growth / rate }
    opensAt = (late < interval / 4 ? opensAt : now) + interval
  }

  /// Returns true if nothing is known of the next hop's pace any more.
  package func isForgotten(at now: Duration) -> Bool {
    rate > 4 * refusedRate || now - opensAt > Self.memory
  }

  /// The part of itself by which the pace rises in a second.
  private var growth: Double { rate < 0.85 * refusedRate ? 0.25 : rate < 1.05 * refusedRate ? 0.03 : 0.2 }

  private mutating func rest(_ now: Duration) {
    let pause = min(Self.shortestPause * (1 << min(refusalsInARow, 5)), Self.longestPause)
    refusalsInARow += 1
    opensAt = max(opensAt, now + pause)
  }
}

/// The paces that a route's next hops showed: for mail from single senders or to single domains, or, as soon as eight
/// of them were refused within ten seconds, for all mail.
package struct LearnedPaces: Hashable, Sendable {
  private enum Subject: Hashable, Sendable {
    case all
    case sender(EmailAddress)
    case domain(String)
  }

  private static let recently = Duration.seconds(10)
  private static let mostKnown = 100
  private static let mostTimes = 64
  private static let shortestSpan = Duration.milliseconds(100)

  private var paces: [Subject: LearnedPace] = [:]
  /// The times at which the latest mails were taken, in a ring; `next` is the place of the next one.
  private var times: [Duration] = []
  private var next = 0

  package init() {}

  package var isEmpty: Bool { paces.isEmpty }

  /// Returns the time at which the next mail like this may begin; nil: no pace is known.
  package func opensAt(for mail: MailParties) -> Duration? {
    isEmpty ? nil : subjects(of: mail).compactMap { paces[$0]?.opensAt }.max()
  }

  /// Records that a mail was begun.
  package mutating func begin(_ mail: MailParties, at now: Duration) {
    guard !isEmpty else { return }
    for subject in subjects(of: mail) {
      paces[subject]?.begin(at: now)
      if paces[subject]?.isForgotten(at: now) == true { paces[subject] = nil }
    }
  }

  /// Records that a mail was taken.
  package mutating func accepted(_ mail: MailParties, at now: Duration) {
    if times.count < Self.mostTimes { times.append(now) } else { times[next] = now }
    next = (next + 1) % Self.mostTimes
    guard !isEmpty else { return }
    for subject in subjects(of: mail) { paces[subject]?.accepted() }
  }

  /// Records that a mail was refused for the rate.
  ///
  /// - Parameters:
  ///   - scope: the sender or the domains that the refusal concerns; empty: all mail.
  ///   - begun: the time at which it was begun.
  package mutating func refused(_ scope: MailScope, begun: Duration, at now: Duration) {
    var subjects: [Subject] = scope.senders.map { .sender($0) } + scope.domains.map { .domain($0) }
    if subjects.isEmpty || paces[.all] != nil { subjects = [.all] }
    for subject in subjects { refused(subject, begun, now) }
    let busy = paces.filter { now - $0.value.refusedAt < Self.recently }
    if busy.count >= HostHealth.mostRefused { paces = [.all: LearnedPace(rate: recentRate(now), refusedAt: now)] }
    if paces.count > Self.mostKnown { paces = busy }
  }

  private mutating func refused(_ subject: Subject, _ begun: Duration, _ now: Duration) {
    if paces[subject]?.isForgotten(at: now) ?? true {
      paces[subject] = LearnedPace(rate: recentRate(now), refusedAt: now)
    } else {
      paces[subject]?.refused(begun: begun, at: now)
    }
  }

  private func subjects(of mail: MailParties) -> [Subject] {
    [.all, .sender(mail.sender)] + mail.domains.map { .domain($0) }
  }

  /// Returns the number of mails a second that were taken within the last second.
  private func recentRate(_ now: Duration) -> Double {
    let recent = times.filter { now - $0 < .seconds(1) }
    guard let first = recent.min() else { return 1 }
    return Double(recent.count) / max(now - first, Self.shortestSpan).inSeconds
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
