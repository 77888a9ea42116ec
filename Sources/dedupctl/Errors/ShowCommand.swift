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

  func run() async throws {
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
