import ArgumentParser
import ControlAPI
import DedupCore
import Foundation

struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue", abstract: "List, try, hold, reroute or delete the mails that wait for delivery.",
    subcommands: [
      QueueList.self, QueueShow.self, QueueFlush.self, QueueHold.self, QueueRelease.self, QueueReroute.self,
      QueueDelete.self,
    ],
    defaultSubcommand: QueueList.self)

  @ParentCommand var dedupctl: DedupCtl
}

struct QueueList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the mails that wait for delivery, oldest first.",
    discussion: """
      STATE is waiting (for its first attempt, or for its turn under the limits of [delivery]; NEXT TRY is when it \
      leaves), delivering, deferred (an attempt failed), held (by an admin, or as one of too many doubtful mails \
      alike) or set-aside (damaged, never sent).
      """)

  @Option(help: "Only of this kind: pass, report, copy, notice, summary, bounce or alert.", completion: .queueKinds)
  var kind: String?
  @Option(help: "Only from senders that match, e.g. \"*@shop.example\".")
  var sender: String?
  @Option(help: "Only to recipients that match.")
  var recipient: String?
  @Flag(help: "Only what is held: by an admin, or because too many alike came that may be error reports.")
  var held = false
  @Flag(help: "Only what was tried and failed.")
  var deferred = false
  @Option(parsing: .unconditional, help: "At most this many.")
  var limit = 100
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var watching: WatchOptions

  func validate() throws {
    try Self.check("--limit", limit)
    if held && deferred { throw ValidationError("--held and --deferred exclude each other") }
    if let kind, QueueEntry.Kind(rawValue: kind) == nil {
      throw ValidationError("--kind: there are pass, report, copy, notice, summary, bounce and alert")
    }
  }

  func run() async throws {
    try await watching.repeating {
      let service = try await relay.service(or: queue.dedupctl.relay)
      let mails = try await service.queue(filter)
      if format.output == .json { return try mails.forEach(Output.json) }
      if mails.isEmpty { return Output.line(isFiltered ? "No such mail waits." : "The queue is empty.") }
      format.write(Self.table(mails))
      for host in try await service.status().daemon?.smarthosts ?? [] {
        if let outage = host.outage { Output.line("Fails: \(printable(outage))") }
      }
    }
  }

  private var filter: QueueFilter {
    QueueFilter(
      kind: kind.flatMap { QueueEntry.Kind(rawValue: $0) }, state: held ? .held : deferred ? .deferred : nil,
      sender: sender, recipient: recipient, limit: limit)
  }

  private var isFiltered: Bool { held || deferred || kind != nil || sender != nil || recipient != nil }

  private static func table(_ mails: [QueuedMail]) -> Table {
    var table = Table([
      .init(title: "ID"), .init(title: "KIND"), .init(title: "STATE"), .init(title: "SIZE", alignment: .right),
      .init(title: "QUEUED"), .init(title: "TRIES", alignment: .right), .init(title: "NEXT TRY"),
      .init(title: "SENDER", isFlexible: true), .init(title: "RECIPIENTS", isFlexible: true),
      .init(title: "LAST FAILURE", isFlexible: true),
    ])
    for mail in mails {
      table.add(
        [
          mail.id, mail.kind, mail.state, Output.size(mail.size), Output.time(mail.queuedAt), "\(mail.attempts)",
          mail.nextTry, "<\(mail.sender)>", mail.recipients.joined(separator: ", "), mail.trouble,
        ], mail.state == "held" ? .dim : .plain)
    }
    return table
  }
}

struct QueueShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a mail that waits: envelope, attempts, header.")

  @Argument(help: "The id that queue list shows, or its first characters.", completion: .queueIDs)
  var id: String
  @Flag(help: "Also print the message.")
  var message = false
  @ParentCommand var queue: QueueCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if id.isEmpty { throw ValidationError("The id is empty; write one that queue list shows.") }
  }

  /// The number of octets of a message that are fetched: all that a terminal can show, or enough for any header.
  private var octets: Int { message ? 16 << 20 : 256 << 10 }

  func run() async throws {
    let service = try await relay.service(or: queue.dedupctl.relay)
    let found = try await service.queued(id: id, octets: octets)
    if found.isEmpty, let failure = QueueSelectionOptions.failure(id, []) { throw failure }
    for var detail in found {
      if !message { detail.message = detail.message.map(Self.header) }
      if format.output == .json { try Output.json(detail) } else { show(detail) }
    }
  }

  private func show(_ detail: QueuedMailDetail) {
    let mail = detail.mail
    let facts = [
      ("Id", mail.id), ("Kind", mail.kind), ("State", mail.state), ("Sender", "<\(mail.sender)>"),
      ("Recipients", mail.recipients.map { "<\($0)>" }.joined(separator: ", ")),
      ("Size", Self.size(detail)),
      ("Queued", Output.local(mail.queuedAt, "%Y-%m-%d %H:%M:%S %Z")),
      ("Attempts", "\(mail.attempts)\(detail.delayNotified ? ", the sender was told that it is late" : "")"),
      ("Next try", mail.nextTry), ("Waits for", mail.pacedBy ?? ""), ("Goes to", mail.reroutedTo ?? ""),
      ("Last failure", mail.lastFailure ?? ""),
      ("Asked to tell", detail.statusRequests.joined(separator: ", ")),
    ]
    for (name, value) in facts where !value.isEmpty {
      Output.line(name.padding(toLength: 15, withPad: " ", startingAt: 0) + printable(value))
    }
    Output.line("")
    Output.line(
      detail.message.map { printable($0.replacing("\r\n", with: "\n"), keepingLines: true) }
        ?? "The message is damaged and is never sent: it is not what was stored.")
  }

  private static func size(_ detail: QueuedMailDetail) -> String {
    ["\(detail.mail.size) octets", detail.body, detail.usesSmtputf8 ? "SMTPUTF8" : ""].filter { !$0.isEmpty }
      .joined(separator: ", ")
  }

  private static func header(of message: String) -> String {
    message.range(of: "\r\n\r\n").map { String(message[..<$0.lowerBound]) } ?? message
  }
}

extension QueuedMail {
  fileprivate var nextTry: String { state == "held" || state == "set-aside" ? "-" : Output.time(nextAttempt) }

  fileprivate var trouble: String {
    let way = reroutedTo.map { "to \($0)" }
    let turn = pacedBy.map { "waits for its turn, \($0)" }
    return [way, turn, lastFailure].compactMap { $0 }.joined(separator: ": ")
  }
}
