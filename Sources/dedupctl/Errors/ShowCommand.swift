import ArgumentParser
import ControlAPI
import DedupCore

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Show one error in full: counts, history, variants, last traceback, why it has its fingerprint.")

  @Argument(help: "The id that list shows, or its first characters.", completion: .errorIDs)
  var id: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions
  @Flag(help: "Also print the first and the latest mail, and the first of each variant.")
  var mails = false
  @Flag(help: "The error as the whole fleet counts it, and what admins said of it on any relay.")
  var fleet = false

  func run() async throws {
    if fleet { return try await showFleet() }
    let service = try await relay.service(or: dedupctl.relay)
    let details = which.chosen(try await service.error(id: id))
    guard !details.isEmpty else { throw try await service.noError([id], site: which.site) }
    if format.output == .json { return try details.forEach(Output.json) }
    let groupings = try await service.groupings()
    for detail in details { show(detail, groupings) }
  }

  private func show(_ detail: ErrorDetail, _ groupings: [GroupingEntry]) {
    let report = ErrorReport(
      detail: detail, whole: groupings.whole(of: detail.entry), hasHead: !format.noHeaders)
    report.lines(width: Output.terminalWidth).forEach(Output.line)
    let variants = detail.variants ?? []
    if mails { showMails(detail, variants.count > 1 ? variants : []) }
  }
}

// The error of a fleet.
extension ShowCommand {
  private func showFleet() async throws {
    let report = try await relay.service(or: dedupctl.relay).fleet(FleetRequest(error: id))
    if report.engine == nil { throw FleetCommand.noFleet }
    if let problem = report.problem { throw CommandFailure(.failure, "the engine was not asked: \(problem)") }
    let details = (report.details ?? []).filter { which.site == nil || $0.entry.site == which.site }
    guard !details.isEmpty else {
      throw CommandFailure(.nothingMatched, "the fleet knows no error whose id starts with \(printable(id))")
    }
    if format.output == .json { return try details.forEach(Output.json) }
    for detail in details { show(detail) }
  }

  private func show(_ detail: FleetErrorDetail) {
    let entry = detail.entry
    Output.paragraph(printable("\(entry.id)  \(entry.error ?? "(its title stays on the relays: mail is encrypted)")"))
    if let place = entry.place { Output.paragraph(printable("Place: \(place)")) }
    Output.paragraph(printable("Site: \(entry.site)"))
    Output.paragraph(
      "\(DisplayText.count(entry.total, "mail")) at \(DisplayText.count(entry.relays, "store")), \(entry.suppressed) held "
        + "back, last seen \(Output.time(entry.lastSeen))")
    for line in detail.said { Output.paragraph(printable("Said: \(line)")) }
    Output.line("")
    var table = Table([
      .init(title: "RELAY", isFlexible: true), .init(title: "TOTAL", alignment: .right),
      .init(title: "HELD", alignment: .right),
    ])
    for count in detail.counts { table.add([count.relay, "\(count.total)", "\(count.suppressed)"]) }
    format.write(table)
  }
}

// The mails that are kept.
extension ShowCommand {
  private func showMails(_ detail: ErrorDetail, _ variants: [VariantEntry]) {
    let damaged = detail.damagedMails ?? []
    show("First mail", detail.firstMail, isDamaged: damaged.contains("first"))
    show("Latest mail", detail.latestMail, isDamaged: damaged.contains("latest"))
    for variant in variants {
      show(
        "Variant \(printable(variant.name))",
        variant.isOfFirstMail ? "The first mail above is its first." : variant.firstMail,
        isDamaged: variant.isDamaged == true)
    }
  }

  private func show(_ title: String, _ mail: String?, isDamaged: Bool) {
    Output.line("\n--- \(title) ---")
    Output.line(
      mail.map { printable($0.replacing("\r\n", with: "\n"), keepingLines: true) }
        ?? (isDamaged ? "kept, but damaged" : "not kept"))
  }
}
