import ArgumentParser
import ControlAPI

struct SummaryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "The summary of the last 24 hours: print it, or send it now.")

  @Flag(help: "Print the summary mail instead of sending it (the default).")
  var preview = false
  @Flag(help: "Queue the summary mail now; the daily one still comes at its time.")
  var send = false
  @Flag(help: "Print the HTML part instead of the text part.")
  var html = false
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if preview && send { throw ValidationError("--preview and --send exclude each other") }
  }

  func run() async throws {
    if send { return try await sendNow() }
    let summary = try await relay.service(or: dedupctl.relay).previewSummary()
    if format.output == .json { return try Output.json(summary) }
    if html { return Output.line(summary.html) }
    Output.line("Subject: \(printable(summary.subject))\n\n" + printable(summary.text, keepingLines: true))
  }

  private func sendNow() async throws {
    let sent = try await relay.daemon(or: dedupctl.relay).sendSummary()
    if format.output == .json { return try Output.json(sent) }
    Output.line("Queued as \(sent.id) for \(sent.recipients.joined(separator: ", ")).")
  }
}
