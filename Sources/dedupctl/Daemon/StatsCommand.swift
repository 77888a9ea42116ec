import ArgumentParser
import ControlAPI
import DedupCore
import Foundation

struct StatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show totals: mails by outcome and reason, by site and by day; and what is kept.")

  @Option(parsing: .unconditional, help: ArgumentHelp("Days to list, 1 to 400.", valueName: "n"))
  var days = 7
  @Option(parsing: .unconditional, help: "At most this many sites.")
  var limit = 20
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if !(1...400).contains(days) { throw ValidationError("--days: write a number from 1 to 400") }
    try Self.check("--limit", limit, from: 0)
  }

  func run() async throws {
    let report = try await relay.service(or: dedupctl.relay).statistics(days: days)
    if format.output == .json { return try Output.json(report) }
    guard report.totals.accepted > 0 || report.errors > 0 else {
      return Output.line("No mail has come through this relay yet.")
    }
    Output.paragraph(
      "\(DisplayText.count(report.totals.accepted, "mail")): \(report.totals.passed) passed, \(report.totals.doubtful) doubtful, "
        + "\(report.totals.forwarded) forwarded, \(report.totals.suppressed) held back")
    Output.paragraph(
      "\(DisplayText.count(report.errors, "error")), \(DisplayText.number(report.samples)) of their mails kept "
        + "(\(Output.size(report.sampleOctets))), database \(Output.size(report.databaseOctets)), "
        + "\(report.queue.waiting) in the queue")
    Output.line("")
    format.write(Self.reasons(report))
    Output.line("")
    format.write(sites(report))
    Output.line("")
    format.write(Self.days(report))
  }

  private static func reasons(_ report: StatisticsReport) -> Table {
    var table = Table([.init(title: "OUTCOME"), .init(title: "REASON"), .init(title: "MAILS", alignment: .right)])
    for reason in report.reasons {
      let outcome = reason.outcome == "suppressed" ? "held back" : reason.outcome
      table.add([outcome, reason.reason, "\(reason.mails)"])
    }
    return table
  }

  private func sites(_ report: StatisticsReport) -> Table {
    var table = Table([
      .init(title: "SITE", isFlexible: true), .init(title: "FORWARDED", alignment: .right),
      .init(title: "HELD BACK", alignment: .right),
    ])
    for site in report.sites.prefix(limit) {
      table.add([site.site, "\(site.forwarded)", "\(site.suppressed)"])
    }
    return table
  }

  /// Returns the counts of each day, by the local calendar of this machine.
  private static func days(_ report: StatisticsReport) -> Table {
    var table = Table([
      .init(title: "DAY"), .init(title: "PASSED", alignment: .right), .init(title: "DOUBTFUL", alignment: .right),
      .init(title: "FORWARDED", alignment: .right), .init(title: "HELD BACK", alignment: .right),
    ])
    var days: [(day: String, counts: [Int])] = []
    for quarter in report.quarters {
      let (day, totals) = (Output.local(quarter.start, "%Y-%m-%d"), quarter.totals)
      let counts = [totals.passed, totals.doubtful, totals.forwarded, totals.suppressed]
      if days.last?.day == day {
        days[days.count - 1].counts = zip(days[days.count - 1].counts, counts).map(+)
      } else {
        days.append((day, counts))
      }
    }
    for (day, counts) in days { table.add([day] + counts.map(String.init)) }
    return table
  }
}
