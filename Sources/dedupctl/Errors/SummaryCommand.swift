import ArgumentParser
import ControlAPI

struct SummaryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print the summary of the last 24 hours or days, or send it now.")

  @Flag(help: "Print the summary mail instead of sending it (the default).")
  var preview = false
  @Flag(help: "Queue the summary mail now; the daily one still comes at its time.")
  var send = false
  @Flag(help: "Print the HTML part instead of the text part.")
  var html = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Cover this many days instead of one, 1 to 400.
      """, valueName: "n"))
  var days: Int?
  @Flag(help: "Cover the last 7 days.")
  var weekly = false
  @Option(
    help: ArgumentHelp("Only this site, by the name that `dedupctl list` shows.", valueName: "name"), completion: .sites
  )
  var site: String?
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if preview && send { throw ValidationError("--preview and --send exclude each other") }
    if weekly && days != nil { throw ValidationError("--weekly and --days exclude each other") }
    if let days, !(1...400).contains(days) { throw ValidationError("--days: write a number from 1 to 400") }
  }

  func run() async throws {
    if send { return try await sendNow() }
    let summary = try await relay.service(or: dedupctl.relay).previewSummary(request)
    if format.output == .json { return try Output.json(summary) }
    if html { return Output.data(summary.html) }
    Output.line("Subject: \(printable(summary.subject))\n\n" + printable(summary.text, keepingLines: true))
  }

  private func sendNow() async throws {
    let sent = try await relay.daemon(or: dedupctl.relay).sendSummary(request)
    Output.markDone()
    if format.output == .json { return try Output.json(sent) }
    for mail in [sent] + (sent.others ?? []) {
      Output.line("Queued as \(mail.id) for \(mail.recipients.joined(separator: ", ")).")
    }
  }

  private var request: SummaryRequest { SummaryRequest(days: weekly ? 7 : days ?? 1, site: site) }
}
