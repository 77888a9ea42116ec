import ArgumentParser
import DedupConfig
import DedupCore
import MailFiles
import Trial

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Show which past mail the relay would have sent, with your settings and with others. Sends nothing.",
    discussion: """
      Runs the mail through recognition, rules and windows on a simulated clock: once with the configuration, and once \
      for each --set and --settings. Needs neither the daemon nor its store. Silences are not simulated.

      The time of a mail is that of its lowest Received field, else that of its Date field, else that of its file.
      """)

  @Argument(help: PastMails.help, completion: .file()) var path: String
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Also try these keys of [window], e.g. \"length=4h, milestones=10 100\". May be repeated.", valueName: "keys"))
  var sets: [String] = []
  @Option(
    help: ArgumentHelp("Also try this configuration file. May be repeated.", valueName: "path"), completion: .file())
  var settings: [String] = []
  @Flag(help: "List each error mail that would have been sent, instead of the totals.")
  var timeline = false
  @Option(parsing: .unconditional, help: "Show at most this many errors.")
  var limit = 20
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try Self.check("--limit", limit, from: 0) }

  func run() async throws {
    var comparison = ReplayComparison(try allSettings())
    try PastMails(path: path).forEach { comparison.add(PastMail($0.message, storedAt: $0.storedAt)) }
    guard let played = comparison.played(keepsTimeline: timeline) else {
      throw CommandFailure(
        .nothingMatched, "all mail in \(path) is MailDedup's own, or copies that dedupctl release sent")
    }
    let report = ReplayReport(
      played: played, source: comparison.source, limit: limit, hasHead: !format.noHeaders)
    switch (format.output, timeline) {
    case (.table, false): report.lines(width: Output.terminalWidth).forEach(Output.line)
    case (.table, true): report.timeline(width: Output.terminalWidth).forEach(Output.line)
    case (.json, false): try report.runs.map { ReplayRow($0) }.forEach(Output.json)
    case (.json, true): try report.runs.flatMap(ReplayEventRow.rows).forEach(Output.json)
    }
  }

  private func allSettings() throws -> [ReplaySetting] {
    let current = try relay.configuration(or: dedupctl.relay)
    var all = [ReplaySetting(name: "as configured", current)]
    for text in sets {
      do {
        all.append(try ReplaySetting(text, over: current))
      } catch {
        throw CommandFailure(.usage, "--set: \(error)")
      }
    }
    for path in settings { all.append(ReplaySetting(name: path, try RelayOptions.load(path))) }
    return all
  }
}
