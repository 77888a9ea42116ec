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
    abstract: "The [rule NAME] sections of the configuration: show them, try them on past mail, have some suggested.",
    subcommands: [RulesListCommand.self, RulesTestCommand.self, RulesSuggestCommand.self])
}

struct RulesListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The rules in the order in which they are asked; the first that matches decides.")

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
    commandName: "test", abstract: "What the rules would have changed on past mail. Touches nothing.",
    discussion: """
      Judges each mail once without and once with the rules, and does with both what the relay would, by the times at \
      which they came. Needs neither daemon nor store.
      """)

  @Argument(help: PastMails.help)
  var path: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Option(parsing: .unconditional, help: "List at most this many errors and changes each.")
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
