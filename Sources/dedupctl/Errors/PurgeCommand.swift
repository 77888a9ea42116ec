import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore

struct PurgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge", abstract: "Remove the mails kept for errors, for good.",
    discussion: """
      The first and the latest mail of each error, and those of its variants, are kept for show --mails; they may hold \
      secrets. Afterwards they are in no file of the store any more. Counts and the queue stay as they are.
      """)

  @Argument(help: "The ids that list shows, or their first characters.", completion: .errorIDs)
  var ids: [String] = []
  @Flag(help: "Of all errors.")
  var all = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only mails that are older, e.g. 30d. Without ids: of all errors.", valueName: "duration"),
    transform: Self.age)
  var olderThan: Duration?
  @Option(help: "With ids: only in the sites of that name.", completion: .sites)
  var site: String?
  @OptionGroup var confirmation: ConfirmationOptions
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if all && !ids.isEmpty { throw ValidationError("--all and ids exclude each other") }
    if site != nil && ids.isEmpty { throw ValidationError("--site needs ids") }
    if !all && ids.isEmpty && olderThan == nil {
      throw ValidationError("say which mails: ids of errors, --older-than, or --all")
    }
  }

  private static func age(_ text: String) throws -> Duration {
    do { return try DurationText.read(text) } catch { throw ValidationError(error.description) }
  }

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    var request = PurgeRequest(
      ids: ids.isEmpty ? nil : ids, site: site, all: ids.isEmpty,
      olderThan: olderThan.map { Int($0.components.seconds) }, isTrial: true)
    let found = try await daemon.purge(request)
    guard found.unknown.isEmpty else { throw try await daemon.noError(found.unknown, site: site) }
    warn(of: found)
    guard found.mails > 0 else { throw CommandFailure(.nothingMatched, Self.absence(ids, olderThan)) }
    try confirmation.confirm("Remove \(Self.words(found))")
    request.isTrial = false
    let removed = try await daemon.purge(request)
    Output.markDone()
    if format.output == .json { return try Output.json(removed) }
    Output.line("Removed \(Self.words(removed)).")
  }

  static func absence(_ ids: [String], _ olderThan: Duration?) -> String {
    let whose = ids.isEmpty ? "for any error" : ids.count == 1 ? "for this error" : "for these errors"
    return olderThan == nil ? "no mails are kept \(whose)" : "no mails that are so old are kept \(whose)"
  }

  private func warn(of found: PurgeReport) {
    for database in found.setAside {
      Output.error("\(database.path), a database that was set aside, may hold mails too; remove it when done.")
    }
  }

  private static func words(_ report: PurgeReport) -> String {
    let mails = DisplayText.count(report.mails, "mail")
    return "\(mails) (\(Output.size(report.octets))) of \(DisplayText.count(report.errors, "error"))"
  }
}
