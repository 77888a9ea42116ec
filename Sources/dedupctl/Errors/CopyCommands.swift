import ArgumentParser
import ControlAPI
import DedupCore

struct PassCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pass", abstract: "Let the next mail of an error through, whatever holds it back.",
    discussion: """
      It opens a window and says how many were held back, like any other. A silence still holds back those after it.
      """)

  @Argument(help: "The ids that list shows, or their first characters.", completion: .errorIDs)
  var ids: [String]
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    try await daemon.mustKnow(ids, site: which.site)
    var missing: [String] = []
    for id in ids {
      let errors = try await daemon.passNext(ErrorSelector(id: id, site: which.site))
      if errors.isEmpty { missing.append(id) } else { Output.markDone() }
      for error in errors {
        if format.output == .json {
          try Output.json(error)
        } else {
          Output.line("The next mail goes out: \(error.line)")
        }
      }
    }
    guard missing.isEmpty else { throw try await daemon.noError(missing, site: which.site) }
  }
}

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Send the mails kept for an error: the first, the latest, those of variants.",
    discussion: """
      Each goes out as it came, below fields of the relay (X-MailDedup-Reason: copy, -Arrived), but with a Message-ID of \
      its own, because mail programs show one Message-ID only once; X-MailDedup-Copy-Of has the old one. Copies do not \
      count as arrivals.
      """)

  @Argument(help: "The id that list shows, or its first characters.", completion: .errorIDs)
  var id: String
  @Option(parsing: .unconditional, help: ArgumentHelp("Only the latest mails, this many.", valueName: "n"))
  var last: Int?
  @Option(
    help: ArgumentHelp(
      "Who gets them, instead of the recipients of the site's error mail. May be repeated.", valueName: "address"))
  var to: [String] = []
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions

  func validate() throws {
    try Self.check("--last", last)
  }

  func run() async throws {
    let request = CopyRequest(
      selector: ErrorSelector(id: id, site: which.site), last: last ?? 1000, to: to.isEmpty ? nil : to)
    let daemon = try await relay.daemon(or: dedupctl.relay)
    let reports = try await daemon.sendCopies(request)
    guard !reports.isEmpty else { throw try await daemon.noError([id], site: which.site) }
    if reports.contains(where: { !$0.queued.isEmpty }) { Output.markDone() }
    for report in reports where format.output == .json || report.damaged > 0 || !report.queued.isEmpty {
      if format.output == .json { try Output.json(report) } else { Output.line(Self.text(report)) }
    }
    guard reports.contains(where: { !$0.queued.isEmpty }) else {
      throw CommandFailure(.nothingMatched, "no mail is kept of it")
    }
  }

  private static func text(_ report: CopyReport) -> String {
    let damaged = report.damaged > 0 ? "; \(report.damaged) are damaged and stay" : ""
    return "Queued \(DisplayText.count(report.queued.count, "mail")) of \(report.error.line) for "
      + printable(report.recipients.joined(separator: ", ")) + damaged
  }
}
