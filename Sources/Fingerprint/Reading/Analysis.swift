import MailMessage

/// The form in which the error was written.
package enum ReportFormat: String, Sendable, Codable {
  case djangoText = "Django report, plain text"
  case djangoHTML = "Django report, HTML"
  case traceback = "Python traceback"
  case logRecord = "log record"
  case notice = "notice"
}

/// One traceback of a mail, with its key.
struct Finding: Sendable {
  var traceback: Traceback
  var placed: [PlacedFrame]
  var key: ErrorKey
  var applied: [AppliedRule] = []
  /// The packages that were known to be the site's own.
  var known: ArraySlice<String> = []
}

/// The result of reading one mail. `judge` takes the verdict from it, and `explain` describes it: there is no second
/// way to a verdict.
struct Analysis: Sendable {
  enum Outcome: Sendable {
    case pass(PassReason)
    case doubt(Doubt)
    case report(ErrorKey)
  }

  var outcome: Outcome
  var screening: HeaderScreening?
  var format: ReportFormat?
  /// The decoded text that was read; the ranges below refer to it.
  var text: [UInt8] = []
  var report: DjangoReport?
  var findings: [Finding] = []
  /// The logged line, for mails without an exception.
  var message: Range<Int>?
  var messageRules: [AppliedRule] = []
  /// The keys of a report by the versions before the current one.
  var earlier = EarlierKeys()
  /// The number of octets that were examined, over all stages; see `ReportReader.work(of:)`.
  var work = 0
  /// The effect of the admin's rules, or nil if none matches.
  var decision: RuleDecision?

  /// Turns a report into a doubt, for a mail whose Subject alone says that it is a reply. A mail without the structure
  /// of a report is a human's reply.
  mutating func noteAnswer() {
    switch outcome {
    case .report: outcome = .doubt(Doubt(.ambiguousReport))
    case .pass(.noReportStructure): outcome = .pass(.humanReply)
    case .pass, .doubt: break
    }
  }

  static func pass(_ reason: PassReason, screening: HeaderScreening? = nil, work: Int = 0) -> Analysis {
    Analysis(outcome: .pass(reason), screening: screening, work: work)
  }

  static func doubt(_ doubt: Doubt, screening: HeaderScreening? = nil, work: Int = 0) -> Analysis {
    Analysis(outcome: .doubt(doubt), screening: screening, work: work)
  }
}
