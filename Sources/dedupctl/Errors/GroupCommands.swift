import ArgumentParser
import ControlAPI
import DedupCore
import Glibc

/// The options of commands for one error.
struct ErrorOptions: ParsableArguments {
  @Option(help: "Only in this site; else in all that have it.", completion: .sites)
  var site: String?

  /// Returns the details that belong to the chosen site, or all without `--site`.
  func chosen(_ details: [ErrorDetail]) -> [ErrorDetail] {
    details.filter { site == nil || $0.entry.site == site }
  }
}

struct ResolveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve",
    abstract: "Mark errors as fixed: the next mail goes out at once, as a regression.")

  @Argument(help: "The ids that list shows, or their first characters.", completion: .errorIDs)
  var ids: [String]
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions

  func validate() throws {
    if ids.isEmpty { throw ValidationError("Say which error: the id that list shows.") }
  }

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    try await daemon.mustKnow(ids, site: which.site)
    var missing: [String] = []
    for id in ids {
      let resolved = try await daemon.resolve(ErrorSelector(id: id, site: which.site))
      if resolved.isEmpty { missing.append(id) } else { Output.markDone() }
      for error in resolved {
        if format.output == .json { try Output.json(error) } else { try await report(error, daemon) }
      }
    }
    guard missing.isEmpty else { throw try await daemon.noError(missing, site: which.site) }
  }
}

extension ResolveCommand {
  /// Reports a resolved error, with the silences that continue: an admin who waits for the next mail would wait in
  /// vain.
  private func report(_ error: ErrorName, _ daemon: any ControlService) async throws {
    Output.line("Resolved: \(error.line)")
    let known = try await daemon.error(id: error.fingerprint).filter { $0.entry.site == error.site }
    var said: Set<Int> = []
    for silence in known.flatMap(\.silences) where said.insert(silence.id).inserted {
      let end = silence.endsAt.map { "until \(Output.time($0))" } ?? "ends \(silence.ends)"
      Output.line(
        "But silence \(silence.id) (\(end)) still holds it back; end it with: dedupctl silence expire \(silence.id)")
    }
  }
}

struct MergeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Merge errors: from now on they share windows and counts, through upgrades too.",
    discussion: """
      dedupctl split undoes it, except for the counts: the mails of all stay counted with the first error, and the \
      others start again from none. Errors of different sites are never merged.
      """)

  @Argument(help: "The error that the others become part of.", completion: .errorIDs)
  var target: String
  @Argument(help: "The others.", completion: .errorIDs)
  var others: [String]
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions

  func validate() throws {
    if others.isEmpty { throw ValidationError("Say at least two errors: the ids that list shows.") }
  }

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    try await daemon.mustKnow([target] + others, site: which.site)
    let reports = try await daemon.merge(
      MergeRequest(ids: others, into: ErrorSelector(id: target, site: which.site)))
    guard !reports.isEmpty else { throw try await nothingToMerge(daemon) }
    Output.markDone()
    for report in reports {
      if format.output == .json {
        try Output.json(report)
      } else {
        for error in report.merged { Output.line("\(error.line)\n  is part of \(report.into.line)") }
      }
    }
  }
}

extension MergeCommand {
  private func nothingToMerge(_ daemon: any ControlService) async throws -> CommandFailure {
    let groupings = try await daemon.groupings()
    let known = try await which.chosen(daemon.error(id: target)).map(\.entry)
    var reasons: [String] = []
    for id in others {
      let errors = try await which.chosen(daemon.error(id: id)).map(\.entry)
      if !errors.isEmpty, Set(errors.map(\.fingerprint)).isSubset(of: known.map(\.fingerprint)) {
        return CommandFailure(.usage, "an error cannot be merged with itself")
      }
      let wholes = errors.compactMap { groupings.whole(of: $0) }
      if let whole = wholes.first(where: { whole in known.contains { $0.fingerprint == whole.fingerprint } }) {
        reasons.append("\(errors[0].id) is part of \(whole.id) already")
      }
    }
    let text = reasons.isEmpty ? "no site has both errors, or they are one already" : reasons.joined(separator: "; ")
    return CommandFailure(.nothingMatched, "\(text); see: dedupctl list --all")
  }
}

extension [GroupingEntry] {
  /// Returns the error that `error` is part of since a merge, or nil if it stands on its own.
  func whole(of error: ErrorEntry) -> ErrorName? {
    first { grouping in
      grouping.kind == "merged"
        && grouping.members.contains { $0.fingerprint == error.fingerprint && $0.site == error.site }
    }?.error
  }
}

struct SplitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Undo a merge, or make each variant of an error an error of its own, through upgrades too.")

  @Argument(help: "The id that list shows, or its first characters.", completion: .errorIDs)
  var id: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions
  @Flag(name: [.short, .long], help: "Do not ask.")
  var yes = false

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    try await askAboutCounts(daemon)
    let reports = try await daemon.split(ErrorSelector(id: id, site: which.site))
    guard !reports.isEmpty else { throw try await daemon.noError([id], site: which.site) }
    Output.markDone()
    for report in reports {
      if format.output == .json { try Output.json(report) } else { Output.line(Self.text(report)) }
    }
  }

  private static func text(_ report: SplitReport) -> String {
    if report.wasSplit { return "Split before: \(report.error.line)" }
    if report.released == 0 { return "From now on each variant is an error of its own: \(report.error.line)" }
    return "On its own again: \(report.error.line)\n"
      + "Split off: \(DisplayText.count(report.released, "error")), counted from none on. "
      + "The mails before the split stay counted with the error that they were merged into."
  }

  /// Asks for confirmation at a terminal, since counts that a merge added up can no longer be told apart. Scripts are
  /// not held up, since nothing is lost.
  private func askAboutCounts(_ daemon: any ControlService) async throws {
    guard !yes, format.output == .table, isatty(STDIN_FILENO) == 1 else { return }
    let merged = try await daemon.groupings().filter { grouping in
      grouping.kind == "merged" && ([grouping.error] + grouping.members).contains { $0.id.hasPrefix(id.lowercased()) }
    }
    guard !merged.isEmpty else { return }
    for grouping in merged {
      for member in grouping.members { Output.error("\(member.line)\n  is part of \(grouping.error.line)") }
    }
    try ConfirmationOptions.ask(
      "Split them", warning: "They start again from no mails; those so far stay counted where they are.")
  }
}

extension ErrorName {
  var line: String { "\(id) \(printable(error)) (\(printable(site)))" }
}
