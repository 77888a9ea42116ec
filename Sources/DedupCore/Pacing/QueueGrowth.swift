package import MailMessage

/// Reports once that the queue grows, and once that it no longer does.
///
/// It grows when at least 100 mails wait and half as many again as the fewest in the last 15 minutes; at the first look
/// 100 are enough. This is over when fewer than half of the maximum wait, or fewer than 50. Held mail does not count.
package struct QueueGrowth: Sendable {
  package struct Standing: Hashable, Sendable {
    package var since: Timestamp
    /// The number of waiting mails.
    package var waiting: Int
    /// The maximum number of mails that waited at once.
    package var most: Int
    package var oldest: Timestamp?
  }

  package enum Change: Hashable, Sendable {
    case begins(Standing)
    case ends(Standing)
  }

  package static let fewest = 100
  private static let period = Duration.seconds(900)

  /// The current growth; nil: the queue does not grow.
  package private(set) var standing: Standing?
  private var looks: [(at: Timestamp, waiting: Int)] = []

  package init() {}

  /// Records the state of the queue; must be called about once a minute. Returns the change, or nil.
  package mutating func look(waiting: Int, oldest: Timestamp?, now: Timestamp) -> Change? {
    looks.removeAll { now.since($0.at) > Self.period || $0.at > now }
    let before = looks.map(\.waiting).min() ?? 0
    looks.append((now, waiting))
    if var standing {
      (standing.waiting, standing.most, standing.oldest) = (waiting, max(standing.most, waiting), oldest)
      guard waiting < max(Self.fewest / 2, standing.most / 2) else {
        self.standing = standing
        return nil
      }
      self.standing = nil
      return .ends(standing)
    }
    guard waiting >= Self.fewest, waiting >= before.saturatingAdding(before / 2) else { return nil }
    let standing = Standing(since: now, waiting: waiting, most: waiting, oldest: oldest)
    self.standing = standing
    return .begins(standing)
  }
}

/// The mail that tells the admin that the queue grows.
package struct QueueGrowthNotice: Hashable, Sendable {
  package var standing: QueueGrowth.Standing
  /// The reason why the latest mails failed or wait; nil: not known.
  package var reason: String?
  /// The host that the relay runs on.
  package var hostname: String
  /// The offset of the reader's clock, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int

  package init(_ standing: QueueGrowth.Standing, reason: String?, hostname: String, utcOffsetMinutes: Int) {
    self.standing = standing
    self.reason = reason
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  package func message(from: EmailAddress, to: [EmailAddress], id: QueueID, date: Timestamp) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject, date: date.civil(offsetMinutes: utcOffsetMinutes),
      messageID: "\(id)@\(hostname)", content: .text(text, type: "text/plain")
    ).build()
  }

  package var subject: String {
    Letterhead.subject("\(DisplayText.count(standing.waiting, "mail")) wait on \(hostname)")
  }

  /// The text of the mail, in lines ending in LF.
  package var text: String {
    let oldest = standing.oldest.map { ", the oldest since \($0.civil(offsetMinutes: utcOffsetMinutes).rfc5322)" } ?? ""
    var lines = DisplayText.wrap(
      "The queue of the relay on \(hostname) grows: \(DisplayText.count(standing.waiting, "mail")) wait\(oldest).",
      columns: 74)
    if let reason {
      lines += [""] + DisplayText.wrap("The latest: \(DisplayText.oneLine(reason))", columns: 74, limit: 4)
    }
    lines += [""]
    lines += DisplayText.wrap(
      "dedupctl status says how the next hop does; dedupctl queue list says when each mail is tried next. This is told "
        + "once.", columns: 74)
    return lines.map { $0 + "\n" }.joined()
  }
}
