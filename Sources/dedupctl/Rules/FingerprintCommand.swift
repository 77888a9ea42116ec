import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import Fingerprint
import Glibc
import HostSystem
import MailFiles
import RelayMail

struct FingerprintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fingerprint",
    abstract: "Show how the relay would judge a mail. Needs neither the daemon nor its store.",
    discussion: """
      Prints a line for each mail: file, fingerprint or PASS, variant, and the error or the reason for passing it, \
      separated by tabs. A mail that the relay has delivered is judged as it arrived, without the header fields and the \
      words in the Subject that the relay added.

      The rules are those of --config, else of the configuration of this machine or ./dedup.conf, if there is one.
      """)

  @Argument(help: PastMails.help, completion: .file())
  var path: String
  @Flag(help: "Explain the fingerprint.")
  var explain = false
  @ParentCommand var dedupctl: DedupCtl
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Use the rules and the [reports] section of this file.", valueName: "path"),
    completion: .file())
  var config: String?
  @OptionGroup var format: OutputOptions

  func run() throws {
    let reader = try reader
    try PastMails(path: path).forEach { mail in
      let received = ReceivedMail(mail.message)
      if explain {
        try show(reader.explain(received.message), of: mail.name, received.passage)
      } else {
        try show(Row(file: mail.name, reader.judge(received.message)))
      }
    }
  }

  /// The reader with the rules of the named file, otherwise of the configuration of this machine if it may be read.
  private var reader: ReportReader {
    get throws {
      if let path = config ?? dedupctl.relay.config { return try RelayOptions.load(path).reader }
      let path = ConfigurationFile.defaultPath()
      return access(path, R_OK) == 0 ? try RelayOptions.load(path).reader : ReportReader()
    }
  }

  private func show(_ explanation: FingerprintExplanation, of name: String, _ passage: ReceivedMail.Passage) throws {
    if format.output == .json { return try Output.json(explanation) }
    if name != path { Output.line("=== \(printable(name))") }
    switch passage {
    case .untouched: break
    case .forwarded: Output.line("Delivered by MailDedup; judged without what it added.")
    case .copy: Output.line("A copy that dedupctl release sent; judged without what MailDedup added.")
    case .ownMail: Output.line("MailDedup wrote this mail itself: a summary, a digest, a notice or a bounce.")
    }
    Output.line(printable(explanation.text, keepingLines: true))
  }

  private func show(_ row: Row) throws {
    if format.output == .json { return try Output.json(row) }
    Output.line(
      [printable(row.file), row.fingerprint ?? "PASS", row.variant ?? "-", printable(row.error ?? row.reason ?? "")]
        .joined(separator: "\t"))
  }

  private struct Row: Encodable {
    var file: String
    var fingerprint: String?
    var variant: String?
    var error: String?
    var place: String?
    var reason: String?

    init(file: String, _ judgement: Judgement) {
      self.file = file
      switch judgement {
      case .pass(let reason): self.reason = "pass/\(reason.rawValue)"
      case .doubt(let doubt): self.reason = "doubt/\(doubt.reason.rawValue)"
      case .report(let report):
        fingerprint = report.fingerprint.text
        variant = report.variant
        error = report.title
        place = report.place
      }
    }
  }
}
