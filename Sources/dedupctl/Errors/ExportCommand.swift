import ArgumentParser
import ControlAPI
import Foundation

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Export every known error for other programs: one JSON object per line, or CSV.",
    discussion: "Errors are fetched in pages, so there may be any number of them.")

  @Flag(help: "CSV (RFC 4180) with a header line.")
  var csv = false
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @Option(name: [.short, .long], help: "json, with one object per line, or csv. Default: json.")
  var output: Format?
  @Flag(help: "Omit the header line of CSV, for scripts.")
  var noHeaders = false

  enum Format: String, ExpressibleByArgument, CaseIterable { case json, csv }

  func validate() throws {
    if csv && output == .json { throw ValidationError("--csv and -o json exclude each other") }
  }

  func run() async throws {
    let service = try await relay.service(or: dedupctl.relay)
    let progress = Progress("exported")
    let csv = csv || output == .csv
    if csv && !noHeaders { Output.line(Self.columns.map(\.title).joined(separator: ",")) }
    var next: Int? = 0
    while let after = next {
      let page = try await service.export(after: after, limit: 500)
      for error in page.errors {
        if csv {
          Output.data(Self.columns.map { Self.quoted($0.value(error)) }.joined(separator: ","))
        } else {
          try Output.json(error)
        }
      }
      progress.add(page.errors.count)
      next = page.next
    }
    progress.end()
  }

  private static var columns: [(title: String, value: (ErrorEntry) -> String)] {
    [
      ("id", { $0.id }), ("fingerprint", { $0.fingerprint }), ("error", { $0.error }), ("place", { $0.place }),
      ("site", { $0.site }), ("total", { "\($0.total)" }), ("suppressed", { "\($0.suppressed)" }),
      ("held_back", { "\($0.heldBack)" }), ("first_seen", { time($0.firstSeen) }), ("last_seen", { time($0.lastSeen) }),
      ("window_end", { $0.windowEnd.map(time) ?? "" }), ("episodes", { "\($0.episode.number)" }),
      ("resolved_at", { $0.resolvedAt.map(time) ?? "" }), ("silenced", { "\($0.isSilenced)" }),
      ("last_reason", { $0.lastReason ?? "" }), ("last_rule", { $0.lastRule ?? "" }),
    ]
  }

  private static func time(_ date: Date) -> String { date.formatted(.iso8601) }

  /// Returns a CSV field. A spreadsheet takes text that begins with one of these characters for a formula, and the text
  /// comes from a mail.
  private static func quoted(_ text: String) -> String {
    let text = ["=", "+", "-", "@", "\t"].contains(text.prefix(1)) ? "'" + text : text
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    return "\"\(text.replacing("\"", with: "\"\""))\""
  }
}
