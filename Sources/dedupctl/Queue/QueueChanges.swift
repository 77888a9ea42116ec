import ArgumentParser
import ControlAPI
import DedupCore

/// The choice of mails in the queue that a command changes.
struct QueueSelectionOptions: ParsableArguments {
  @Argument(help: "The ids that queue list shows, or their first characters.", completion: .queueIDs)
  var ids: [String] = []
  @Flag(help: "All mails.")
  var all = false

  func validate() throws {
    if all && !ids.isEmpty { throw ValidationError("--all and ids exclude each other") }
  }

  /// Returns the request. No ids mean all mails; commands for which that would be a slip call `mustSayWhich`.
  func request(to host: String? = nil) -> QueueChangeRequest {
    QueueChangeRequest(ids: ids.isEmpty ? nil : ids, all: ids.isEmpty, to: host)
  }

  func mustSayWhich() throws {
    if ids.isEmpty && !all { throw ValidationError("Say which mails: ids, or --all.") }
    if ids.contains("") { throw ValidationError("An id is empty; write one that the list shows.") }
  }

  /// Returns the chosen mails by id, as they are before a change.
  func named(_ daemon: any ControlService) async throws -> [QueuedMail] {
    var mails: [QueuedMail] = []
    for id in ids { mails += try await daemon.queued(id: id, octets: 0).map(\.mail) }
    return mails
  }
}

extension QueueSelectionOptions {
  /// The reason why nothing was done if nothing else explains it.
  fileprivate var absence: String {
    ids.isEmpty
      ? "no mail in the queue needs that"
      : "no mail in the queue has an id that starts with \(ids.joined(separator: " or ")); see: dedupctl queue list"
  }
}

extension QueuedMail {
  fileprivate var isHeld: Bool { state == "held" }
}

extension OutputOptions {
  /// Reports the change of queued mail.
  ///
  /// - Parameters:
  ///   - verb: The change, e.g. `Held`.
  ///   - which: The mails that were asked for.
  ///   - meanwhile: The effect on mails that are being tried at the moment.
  ///   - appliesNow: False if the change applies to mails that are being tried only after that fails.
  ///   - settled: The requested mails that were in that state before, and its name, e.g. `held already`.
  /// - Throws: `CommandFailure` if nothing changed.
  func write(
    _ report: QueueChangeReport, _ verb: String, of which: QueueSelectionOptions, meanwhile: String,
    appliesNow: Bool = true, settled: (mails: [String], how: String)? = nil
  ) throws {
    if !report.ids.isEmpty { Output.markDone() }
    if output == .json { try Output.json(report) }
    let unchanged = settled.flatMap { settled -> String? in
      let mails = settled.mails.filter { !report.ids.contains($0) }
      guard !mails.isEmpty else { return nil }
      return "\(mails.joined(separator: ", ")) \(mails.count == 1 ? "is" : "are") \(settled.how)"
    }
    guard !report.ids.isEmpty else { throw CommandFailure(.nothingMatched, unchanged ?? which.absence) }
    if output == .json { return }
    let done = appliesNow ? report.ids : report.ids.filter { !report.delivering.contains($0) }
    if !done.isEmpty { Output.line("\(verb) \(DisplayText.count(done.count, "mail")): \(Self.names(done))") }
    if let unchanged { Output.line("Unchanged: \(unchanged)") }
    if let missing = report.missing, !missing.isEmpty {
      Output.line("Not in the queue: \(printable(missing.joined(separator: ", ")))")
    }
    if !report.delivering.isEmpty {
      Output.line("Being tried at the moment, \(meanwhile): \(Self.names(report.delivering))")
    }
  }

  private static func names(_ ids: [String]) -> String {
    ids.prefix(20).joined(separator: ", ") + (ids.count > 20 ? " and \(ids.count - 20) more" : "")
  }
}

struct QueueFlush: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flush", abstract: "Try mails now, also at hosts that are being left alone. Without ids: all mails.")

  @OptionGroup var which: QueueSelectionOptions
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let report = try await relay.daemon(or: queue.dedupctl.relay).change(.flush, which.request())
    if report.ids.isEmpty, which.ids.isEmpty, format.output == .table { return Output.line("Nothing waits.") }
    if report.ids.isEmpty, which.ids.isEmpty { return try Output.json(report) }
    try format.write(report, "Due now:", of: which, meanwhile: "so that is their attempt")
  }
}

struct QueueHold: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold", abstract: "Keep mails in the queue until queue release; they are not tried and do not expire.")

  @OptionGroup var which: QueueSelectionOptions
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try which.mustSayWhich() }

  func run() async throws {
    let daemon = try await relay.daemon(or: queue.dedupctl.relay)
    let held = try await which.named(daemon).filter(\.isHeld).map(\.id)
    let report = try await daemon.change(.hold, which.request())
    try format.write(
      report, "Held", of: which, meanwhile: "held if that fails", appliesNow: false, settled: (held, "held already"))
  }
}

struct QueueRelease: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Let held mails go; they are tried now.",
    discussion: "A mail that is older than [delivery] expire by then is returned to its sender if this try fails.")

  @OptionGroup var which: QueueSelectionOptions
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try which.mustSayWhich() }

  func run() async throws {
    let daemon = try await relay.daemon(or: queue.dedupctl.relay)
    let free = try await which.named(daemon).filter { !$0.isHeld }.map(\.id)
    let report = try await daemon.change(.release, which.request())
    try format.write(
      report, "Released", of: which, meanwhile: "so that is their attempt", settled: (free, "not held"))
  }
}

struct QueueReroute: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reroute", abstract: "Send mails to another smarthost than the configuration says.",
    discussion: """
      This applies to these mails only, also after a restart. [delivery] tls applies; the login is used only for \
      hosts that [delivery] smarthost names.
      """)

  @OptionGroup var which: QueueSelectionOptions
  @Option(help: ArgumentHelp("Where to; \"default\" for the way of all mail.", valueName: "host:port"))
  var to: String
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    try which.mustSayWhich()
    if to != "default" && Smarthost(to) == nil { throw ValidationError("--to: write host:port, or default") }
  }

  func run() async throws {
    let request = which.request(to: to == "default" ? nil : to)
    let report = try await relay.daemon(or: queue.dedupctl.relay).change(.reroute, request)
    try format.write(
      report, to == "default" ? "On the way of all mail:" : "To \(to):", of: which, meanwhile: "on the old way")
  }
}

struct QueueDelete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Remove mails from the queue, for good. Nobody is told; the log names them.",
    discussion: "If it was the mail that reports an error, the next mail of that error goes out.")

  @OptionGroup var which: QueueSelectionOptions
  @OptionGroup var confirmation: ConfirmationOptions
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try which.mustSayWhich() }

  func run() async throws {
    let daemon = try await relay.daemon(or: queue.dedupctl.relay)
    // Checked before the admin is asked about it.
    for id in which.ids where try await daemon.queued(id: id, octets: 0).isEmpty {
      throw CommandFailure(
        .nothingMatched, "no mail in the queue has an id that starts with \(id); see: dedupctl queue list")
    }
    try confirmation.confirm("Delete \(which.all ? "all mails" : which.ids.joined(separator: ", ")) from the queue")
    let report = try await daemon.change(.delete, which.request())
    try format.write(report, "Deleted", of: which, meanwhile: "so they may still arrive")
  }
}
