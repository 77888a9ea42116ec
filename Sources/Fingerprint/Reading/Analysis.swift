import MailMessage

/// How the error was written down.
package enum ReportFormat: String, Sendable, Codable {
  case djangoText = "Django report, plain text"
  case djangoHTML = "Django report, HTML"
  case traceback = "Python traceback"
  case logRecord = "log record"
  case notice = "notice"
}

/// One traceback of a mail with the key it gave.
struct Finding: Sendable {
  var traceback: Traceback
  var placed: [PlacedFrame]
  var key: ErrorKey
  var applied: [AppliedRule] = []
  /// Packages that were known to be the site's own.
  var known: ArraySlice<String> = []
}

/// Everything that reading one mail found out. `judge` takes the verdict from it, `explain` writes it down: there is
/// no second way to a verdict.
struct Analysis: Sendable {
  enum Outcome: Sendable {
    case pass(PassReason)
    case doubt(Doubt)
    case report(ErrorKey)
  }

  var outcome: Outcome
  var gate: Gate?
  var format: ReportFormat?
  /// The decoded text that was read; ranges below point into it.
  var text: [UInt8] = []
  var report: DjangoReport?
  var findings: [Finding] = []
  /// The line that was logged, for mails without an exception.
  var message: Range<Int>?
  var messageRules: [AppliedRule] = []
  /// The keys of a report by the versions before the current one.
  var earlier = EarlierKeys()
  /// Octets that were looked at, over all stages; see `ReportReader.work(of:)`.
  var work = 0
  /// What a rule of the admin made of it.
  var decision: RuleDecision?

  /// The Subject says that somebody answers, and nothing else does: what reads like a report is a doubt.
  mutating func noteAnswer() {
    switch outcome {
    case .report: outcome = .doubt(Doubt(.ambiguousReport))
    case .pass(.noReportStructure): outcome = .pass(.humanReply)
    case .pass, .doubt: break
    }
  }

  static func pass(_ reason: PassReason, gate: Gate? = nil, work: Int = 0) -> Analysis {
    Analysis(outcome: .pass(reason), gate: gate, work: work)
  }

  static func doubt(_ doubt: Doubt, gate: Gate? = nil, work: Int = 0) -> Analysis {
    Analysis(outcome: .doubt(doubt), gate: gate, work: work)
  }
}
