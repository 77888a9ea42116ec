package import DedupConfig
package import DedupCore
import Fingerprint
import RelayMail

/// Replays past mail with several settings, so that an admin sees what each would have sent, and when.
///
/// Mail that a MailDedup wrote is left out. Mail that a MailDedup forwarded is replayed as it arrived there; mail that
/// it held back is missing, and is counted.
package struct ReplayComparison: Sendable {
  private let settings: [ReplaySetting]
  /// The index in `histories` of each setting: settings with the same rules and sites share a history.
  private let historyOfSetting: [Int]
  private var histories: [MailHistory] = []
  private var times: [Timestamp?] = []
  /// The numbers of the mails that were read.
  package private(set) var source = Source()

  /// The facts about the mails that are known before the replay.
  package struct Source: Hashable, Sendable {
    /// The number of mails that MailDedup itself wrote; they are left out.
    package var ownMails = 0
    /// The number of kept mails that a MailDedup sent once more; they are left out, since they came before.
    package var copies = 0
    /// The number of mails that a MailDedup forwarded as reports.
    package var forwardedBefore = 0
    /// The number of mails held back before these, as the forwarded mails say.
    package var heldBackBefore = 0
    /// The number of mails without a time of arrival; they count as arrived together with the mail before them.
    package var undated = 0
  }

  package init(_ settings: [ReplaySetting]) {
    self.settings = settings
    var judges: [MailJudge] = []
    historyOfSetting = settings.map { setting in
      if let index = judges.firstIndex(of: setting.judge) { return index }
      judges.append(setting.judge)
      return judges.count - 1
    }
    histories = judges.map(MailHistory.init)
  }

  /// Adds one more mail.
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

  /// The number of mails that are replayed.
  package var mails: Int { times.count }

  /// Replays the mails with each setting; returns the runs and the first and last arrival, or nil without any mail.
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

  /// One setting with its result.
  package struct Run: Sendable {
    package var setting: ReplaySetting
    package var replay: Replay
  }
}
