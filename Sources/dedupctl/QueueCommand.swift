import ArgumentParser
import ControlAPI

struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue", abstract: "The mails that wait for delivery, oldest first.")

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Option(help: "At most this many.")
  var limit = 100

  func run() async throws {
    let mails = try await relay.service(or: dedupctl.relay).queue(limit: limit)
    if format.output == .json { return try mails.forEach(Output.json) }
    if mails.isEmpty { return Output.line("The queue is empty.") }
    format.write(Self.table(mails))
  }

  private static func table(_ mails: [QueuedMail]) -> Table {
    var table = Table([
      .init(title: "ID"), .init(title: "KIND"), .init(title: "SIZE", alignment: .right), .init(title: "QUEUED"),
      .init(title: "TRIES", alignment: .right), .init(title: "NEXT TRY"), .init(title: "SENDER", isFlexible: true),
      .init(title: "RECIPIENTS", isFlexible: true), .init(title: "LAST FAILURE", isFlexible: true),
    ])
    for mail in mails {
      table.add([
        mail.id, mail.kind, Output.size(mail.size), Output.time(mail.queuedAt), "\(mail.attempts)",
        Output.time(mail.nextAttempt), "<\(mail.sender)>", mail.recipients.joined(separator: ", "),
        mail.lastFailure ?? "",
      ])
    }
    return table
  }
}
