import DedupConfig
import DedupCore
import Fingerprint
import MailMessage

/// Past mails with the judgement of the recogniser, which can be replayed more than once. What several mails have in
/// common is kept once, and nothing of their text: a month of one error takes little memory.
struct MailHistory: Sendable {
  private struct Fact: Hashable, Sendable {
    var judged: Judged
    var envelope: Envelope
  }

  private let judge: MailJudge
  private var facts: [Fact] = []
  private var numbers: [Fact: Int32] = [:]
  /// The index in `facts` of each mail, in the order in which the mails were read.
  private var mails: [Int32] = []
  private var packages = SitePackages()

  init(_ judge: MailJudge) { self.judge = judge }

  mutating func add(_ mail: PastMail) {
    let judged = judged(mail)
    // The envelope of ordinary mail is not used.
    let isOrdinary = if case .pass = judged { true } else { false }
    let fact = Fact(judged: judged, envelope: isOrdinary ? Envelope(sender: .null, recipients: []) : mail.envelope)
    if let number = numbers[fact] { return mails.append(number) }
    let number = Int32(clamping: facts.count)
    facts.append(fact)
    numbers[fact] = number
    mails.append(number)
  }

  /// Judges a mail as the relay would have, with the packages that earlier mails listed as the site's own.
  private mutating func judged(_ mail: PastMail) -> Judged {
    let key = Site.envelopeKey(of: mail.envelope)
    let known = packages.names(of: key)
    let judged = judge.judge(mail.message, from: mail.envelope) { known }
    guard case .report(var report) = judged else { return judged }
    let now = mail.arrivedAt ?? Timestamp(seconds: 0)
    if packages.isDue(key, at: now) { _ = packages.note(report.packages.all, of: key, at: now) }
    report.packages = []
    return .report(report)
  }

  /// - Parameter order: the order of all mails, from `Chronology`.
  func replayed(_ policy: WindowPolicy, _ order: [(index: Int, time: Timestamp)], keepsTimeline: Bool) -> Replay {
    var replay = Replay(policy, keepsTimeline: keepsTimeline)
    for (index, time) in order {
      let fact = facts[Int(mails[index])]
      _ = replay.accept(fact.judged, from: fact.envelope, at: time)
    }
    replay.finish()
    return replay
  }
}
