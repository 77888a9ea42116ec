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
  ///
  /// An id may match none: its mail can have left since it was listed.
  ///
  /// - Throws: `CommandFailure` if no id matches a mail, or one matches several: nothing is changed then.
  func named(_ daemon: any ControlService) async throws -> [QueuedMail] {
    var mails: [QueuedMail] = []
    for id in ids {
      let found = try await daemon.queued(id: id, octets: 0).map(\.mail)
      if found.count > 1, let failure = Self.failure(id, found.map(\.id)) { throw failure }
      mails += found
    }
    if mails.isEmpty, let id = ids.first, let failure = Self.failure(id, []) { throw failure }
    return mails
  }

  /// Returns the failure of an id that does not match exactly one mail.
  static func failure(_ id: String, _ found: [String]) -> CommandFailure? {
    if found.isEmpty {
      return CommandFailure(
        .nothingMatched, "no mail in the queue has an id that starts with \(id.typed); see: dedupctl queue list")
    }
    guard found.count > 1 else { return nil }
    let names = found.prefix(5).joined(separator: ", ") + (found.count > 5 ? " …" : "")
    return CommandFailure(.usage, "\(id.typed) matches several mails (\(names)); type more of the id")
  }
}

extension QueuedMail {
  fileprivate var isHeld: Bool { state == "held" }
}

extension OutputOptions {
  /// Reports the change of queued mail.
  ///
  /// - Parameters:
  ///   - change: The words for the change of so many mails, e.g. `Held 3 mails`.
  ///   - which: The mails that were asked for.
  ///   - meanwhile: The effect on mails that are being tried at the moment.
  ///   - absence: The reason why nothing was changed with `--all`.
  ///   - appliesNow: False if the change applies to mails that are being tried only after that fails.
  ///   - settled: The requested mails that were in that state before, and its name, e.g. `held already`.
  /// - Throws: `CommandFailure` if nothing changed.
  func write(
    _ report: QueueChangeReport, _ change: (String) -> String, of which: QueueSelectionOptions, meanwhile: String,
    absence: String, appliesNow: Bool = true, settled: (mails: [String], how: String)? = nil
  ) throws {
    if !report.ids.isEmpty { Output.markDone() }
    if output == .json { try Output.json(report) }
    let unchanged = settled.flatMap { settled -> String? in
      let mails = settled.mails.filter { !report.ids.contains($0) }
      guard !mails.isEmpty else { return nil }
      return "\(mails.joined(separator: ", ")) \(mails.count == 1 ? "is" : "are") \(settled.how)"
    }
    guard !report.ids.isEmpty else {
      let gone = "no mail in the queue has an id that starts with \(which.ids.typed); see: dedupctl queue list"
      throw CommandFailure(.nothingMatched, unchanged ?? (which.ids.isEmpty ? absence : gone))
    }
    if output == .json { return }
    let done = appliesNow ? report.ids : report.ids.filter { !report.delivering.contains($0) }
    if !done.isEmpty { Output.line("\(change(DisplayText.count(done.count, "mail"))): \(Self.names(done))") }
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
    let daemon = try await relay.daemon(or: queue.dedupctl.relay)
    _ = try await which.named(daemon)
    let report = try await daemon.change(.flush, which.request())
    if report.ids.isEmpty, which.ids.isEmpty, format.output == .table { return Output.line("Nothing waits.") }
    if report.ids.isEmpty, which.ids.isEmpty { return try Output.json(report) }
    try format.write(
      report, { "Trying \($0) now" }, of: which, meanwhile: "so that is their attempt",
      absence: "no mail to try: the queue is empty")
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
      report, { "Held \($0)" }, of: which, meanwhile: "held if that fails",
      absence: "no mail to hold: the queue is empty, or all in it is held", appliesNow: false,
      settled: (held, "held already"))
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
      report, { "Released \($0)" }, of: which, meanwhile: "so that is their attempt",
      absence: "no mail to release: none is held", settled: (free, "not held"))
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
    let daemon = try await relay.daemon(or: queue.dedupctl.relay)
    _ = try await which.named(daemon)
    let report = try await daemon.change(.reroute, which.request(to: to == "default" ? nil : to))
    try format.write(
      report, { "Rerouted \($0) to \(to == "default" ? "the way of all mail" : to)" }, of: which,
      meanwhile: "on the old way", absence: "no mail to reroute: the queue is empty")
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
    _ = try await which.named(daemon)
    try confirmation.confirm("Delete \(which.all ? "all mails" : which.ids.joined(separator: ", ")) from the queue")
    let report = try await daemon.change(.delete, which.request())
    try format.write(
      report, { "Deleted \($0)" }, of: which, meanwhile: "so they may still arrive",
      absence: "no mail to delete: the queue is empty")
  }
}
