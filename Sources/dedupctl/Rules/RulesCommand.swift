import ArgumentParser
import ControlAPI
import DedupConfig
import Fingerprint
import HostSystem
import MailFiles
import Trial

struct RulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "Show the [rule NAME] sections of the configuration, try them on past mail, and get suggestions.",
    subcommands: [RulesListCommand.self, RulesTestCommand.self, RulesSuggestCommand.self])
}

struct RulesListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the rules in order of evaluation; the first match decides.")

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let rules = try relay.configuration(or: dedupctl.relay).rules.rules
    if format.output == .json { return try rules.map(Row.init).forEach(Output.json) }
    if rules.isEmpty { return Output.line("There are no rules.") }
    var table = Table([
      .init(title: "RULE"), .init(title: "MATCHES", isFlexible: true), .init(title: "DOES", isFlexible: true),
    ])
    for rule in rules.map(Row.init) {
      table.add([rule.rule, rule.matches.joined(separator: "; "), rule.does.joined(separator: "; ")])
    }
    format.write(table)
  }

  private struct Row: Encodable {
    var rule: String
    var matches: [String]
    var does: [String]

    init(_ rule: Rule) {
      self.rule = rule.name
      matches = rule.matcherLines
      does = rule.actionLines
    }
  }
}

struct RulesTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Show what the rules would have changed for past mail. Changes nothing.",
    discussion: """
      Judges each mail twice, without the rules and with them, and simulates what the relay would have done, based on \
      the times of arrival. Needs neither the daemon nor its store.
      """)

  @Argument(help: PastMails.help, completion: .file())
  var path: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Option(parsing: .unconditional, help: "Show at most this many errors, and this many changes.")
  var limit = 20

  func validate() throws { try Self.check("--limit", limit, from: 0) }

  func run() async throws {
    var trial = RuleTrial(try relay.configuration(or: dedupctl.relay)) { LocalTime.offset(at: $0) / 60 }
    try PastMails(path: path).forEach { trial.add(PastMail($0.message, storedAt: $0.storedAt), file: $0.name) }
    let result = trial.result()
    if format.output == .json { return try Output.json(result) }
    TrialReport(result: result, limit: limit, hasHead: !format.noHeaders).lines(width: Output.terminalWidth)
      .forEach(Output.line)
  }
}
