import ArgumentParser
import ControlAPI

struct ReloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reload",
    abstract: "Make the relay reload its configuration, as SIGHUP does, and print the outcome.")

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  private static func shown(_ value: String) -> String { value.isEmpty ? "(empty)" : value }

  func run() async throws {
    let report = try await relay.daemon(or: dedupctl.relay, saysProblems: false).reload()
    if report.problems.isEmpty { Output.markDone() }
    if format.output == .json { try Output.json(report) }
    guard report.problems.isEmpty else {
      throw CommandFailure(
        .failure, "refused, the old configuration stays:\n\(report.problems.joined(separator: "\n"))")
    }
    if format.output == .json { return }
    let (changed, waiting) = (report.changed, report.awaitingRestart)
    if !changed.isEmpty { Output.line("Changed: \(changed.joined(separator: ", ")).") }
    if !waiting.isEmpty { Output.line("Takes effect after a restart: \(waiting.joined(separator: ", ")).") }
    if changed.isEmpty && waiting.isEmpty { Output.line("Nothing changed.") }
    for change in report.changes ?? [] {
      Output.line(printable("  \(change.key): \(Self.shown(change.old)) -> \(Self.shown(change.new))"))
    }
  }
}
