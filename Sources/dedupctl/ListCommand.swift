import ArgumentParser
import ControlAPI
import DedupCore

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The errors of which mails were held back, latest first.",
    discussion: """
      HELD counts the mails held back since the last one that was forwarded, of all that arrived. The bar shows the
      arrivals of the last 12 hours; · is an hour without any.
      """)

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Flag(help: "Also errors of which nothing was held back yet.")
  var all = false
  @Option(help: "At most this many.")
  var limit = 100

  func run() async throws {
    let errors = try await relay.service(or: dedupctl.relay).errors(all: all, limit: limit)
    if format.output == .json { return try errors.forEach(Output.json) }
    if errors.isEmpty { return Output.line(all ? "No error was seen yet." : "Nothing was held back yet.") }
    format.write(Self.table(errors))
  }

  private static func table(_ errors: [ErrorEntry]) -> Table {
    var table = Table([
      .init(title: "ID"), .init(title: "HELD/TOTAL", alignment: .right), .init(title: "ERROR", isFlexible: true),
      .init(title: "PLACE", isFlexible: true), .init(title: "SITE", isFlexible: true), .init(title: "FIRST SEEN"),
      .init(title: "LAST SEEN"), .init(title: "WINDOW ENDS"), .init(title: "LAST 12 H"),
    ])
    for error in errors {
      table.add([
        error.id, "\(error.heldBack)/\(error.total)", error.error, error.place, error.site,
        Output.time(error.firstSeen), Output.time(error.lastSeen), error.windowEnd.map { Output.time($0) } ?? "-",
        Bar.sparkline(Array(error.hours.suffix(12))),
      ])
    }
    return table
  }
}
