import ArgumentParser
import ControlAPI
import DedupCore

struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Show the relays that send one mail of each error together, and their engine.",
    discussion: """
      SEEN is the time since the engine heard of a relay, ALONE counts the mails that it sent without the others' \
      consent since its start: fleet-away while the engine did not answer, fleet-stale when its word was too old.
      """)

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let report = try await relay.daemon(or: dedupctl.relay).fleet(FleetRequest())
    guard let engine = report.engine else { throw Self.noFleet }
    if format.output == .json { return try Output.json(report) }
    Output.paragraph("Engine \(engine), \(report.version ?? "not connected")")
    if let problem = report.problem { Output.paragraph(printable("It is not asked: \(problem).")) }
    for warning in report.warnings { Output.paragraph(printable("Warning: \(warning).")) }
    let rulings = report.rulings
    Output.paragraph(
      "Since its start this relay sent \(DisplayText.count(rulings.won, "mail")) for the fleet; "
        + "\(rulings.covered) more were counted because another relay had sent one; "
        + "\(rulings.away) left as fleet-away, \(rulings.stale) as fleet-stale.")
    if !report.relays.isEmpty {
      Output.line("")
      format.write(Self.relays(report))
    }
    for site in report.sites ?? [] {
      Output.line("")
      Output.paragraph(
        printable(site.seen.joined(separator: " and "))
          + " are sites of their own, with a mail each. If the numbers are of machines, and the site is one, add this to "
          + "the configuration of each relay:")
      for line in site.lines { Output.line(printable(line)) }
    }
  }

  /// The failure of a question about a fleet to a relay that is in none.
  static let noFleet = CommandFailure(
    .nothingMatched, "this relay is in no fleet; [fleet] engine in its configuration makes it a member")

  private static func relays(_ report: FleetReport) -> Table {
    var table = Table([
      .init(title: "RELAY", isFlexible: true), .init(title: "VERSION"), .init(title: "SEEN", alignment: .right),
      .init(title: "ALONE", alignment: .right), .init(title: "NOTE"),
    ])
    for relay in report.relays {
      table.add([
        relay.name, relay.version, "\(DisplayText.duration(.seconds(relay.seenSeconds))) ago", "\(relay.alone)",
        relay.isAsked ? "this one" : "",
      ])
    }
    return table
  }
}
