package import DedupConfig
package import DedupCore
import Fingerprint
import RelayMail

/// Plays past mail with several settings, so that an admin sees what each would have sent, and when.
///
/// Mail that a MailDedup wrote is left out. What one forwarded is played as it came there; what it held back is missing,
/// and counted.
package struct ReplayComparison: Sendable {
  private let settings: [ReplaySetting]
  /// For each setting its place in `histories`: settings with the same rules share one.
  private let historyOfSetting: [Int]
  private var histories: [MailHistory] = []
  private var times: [Timestamp?] = []
  /// What was read.
  package private(set) var source = Source()

  /// What is known of the mails before anything is played.
  package struct Source: Hashable, Sendable {
    /// Mails of MailDedup itself, left out.
    package var ownMails = 0
    /// Kept mails that a MailDedup sent once more, left out: they came before.
    package var copies = 0
    /// Mails that a MailDedup forwarded as reports.
    package var forwardedBefore = 0
    /// What these say was held back before them.
    package var heldBackBefore = 0
    /// Mails that do not say when they came; they count as come with the one before them.
    package var undated = 0
  }

  package init(_ settings: [ReplaySetting]) {
    self.settings = settings
    var readers: [ReportReader] = []
    historyOfSetting = settings.map { setting in
      if let index = readers.firstIndex(of: setting.reader) { return index }
      readers.append(setting.reader)
      return readers.count - 1
    }
    histories = readers.map(MailHistory.init)
  }

  /// Takes one more mail into account.
  package mutating func add(_ mail: PastMail) {
    switch mail.passage {
    case .ownMail:
      source.ownMails += 1
      return
    case .copy:
      source.copies += 1
      return
    case .forwarded(let heldBack):
      source.forwardedBefore += 1
      let (sum, overflow) = source.heldBackBefore.addingReportingOverflow(heldBack)
      source.heldBackBefore = overflow ? .max : sum
    case .untouched: break
    }
    if mail.arrivedAt == nil { source.undated += 1 }
    times.append(mail.arrivedAt)
    for index in histories.indices { histories[index].add(mail) }
  }

  /// Mails that are played.
  package var mails: Int { times.count }

  /// What came of them, setting by setting, and from when to when they came; nil when there are none.
  package func played(keepsTimeline: Bool) -> (runs: [Run], first: Timestamp, last: Timestamp)? {
    let order = Chronology.order(times)
    guard let first = order.first?.time, let last = order.last?.time else { return nil }
    let runs = zip(settings, historyOfSetting).map { setting, history in
      Run(
        setting: setting,
        replay: histories[history].replayed(setting.policy, order, keepsTimeline: keepsTimeline))
    }
    return (runs, first, last)
  }

  /// One setting with what came of it.
  package struct Run: Sendable {
    package var setting: ReplaySetting
    package var replay: Replay
  }
}
