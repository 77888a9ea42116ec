import ArgumentParser
import ControlAPI
import DedupConfig
import Fingerprint
import HostSystem

struct FingerprintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fingerprint", abstract: "What the relay would make of a mail. Needs neither daemon nor store.",
    discussion: """
      Prints a line for each mail: file, fingerprint or PASS, variant, and the error or the reason to pass, separated
      by tabs.
      """)

  @Argument(help: PastMails.help)
  var path: String
  @Flag(help: "Say how the fingerprint came about.")
  var explain = false
  @ParentCommand var dedupctl: DedupCtl
  @Option(
    name: [.short, .long], help: ArgumentHelp("Judge as the rules and [reports] of this file say.", valueName: "path"))
  var config: String?
  @OptionGroup var format: OutputOptions

  func run() throws {
    let reader = try reader
    try PastMails(path: path).forEach { mail in
      if explain {
        try show(reader.explain(mail.message), of: mail.name)
      } else {
        try show(Row(file: mail.name, reader.judge(mail.message)))
      }
    }
  }

  /// None unless a configuration is named: then the lines say the same on every machine.
  private var reader: ReportReader {
    get throws {
      guard let path = config ?? dedupctl.relay.config else { return ReportReader() }
      return try RelayOptions.load(path).reader
    }
  }

  private func show(_ explanation: FingerprintExplanation, of name: String) throws {
    if format.output == .json { return try Output.json(explanation) }
    if name != path { Output.line("=== \(printable(name))") }
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
      case .notAReport(let reason): self.reason = "pass/\(reason.rawValue)"
      case .unclear(let doubt): self.reason = "doubt/\(doubt.reason.rawValue)"
      case .report(let report):
        fingerprint = report.fingerprint.text
        variant = report.variant
        error = report.title
        place = report.place
      }
    }
  }
}
