import ArgumentParser
import DedupCore
import HostSystem

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "What comes in at the moment: a view that renews itself, until q or ^C.",
    discussion: """
      PER MIN counts the mails of the last minute; what of it was before the first view is taken from the mean of the last \
      hour. On a terminal arrows choose an error, enter shows it, s silences it for an hour, r resolves it, q ends. In a \
      pipe it prints one view.
      """)

  @OptionGroup var pace: PaceOptions
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    // The first question goes out before the screen is taken, so that what fails is said on the usual one.
    _ = try await relay.service(or: dedupctl.relay)
    guard pace.count == nil, format.output == .table, Output.isTerminal, RawTerminal.enter() else {
      return try await print()
    }
    defer { RawTerminal.leave() }
    var screen = TopScreen(
      every: .seconds(pace.every), service: { try await relay.service(or: dedupctl.relay, isQuiet: true) },
      daemon: { try await relay.daemon(or: dedupctl.relay) })
    try await screen.run()
  }

  /// Views one below the other, for pipes and programs.
  private func print() async throws {
    var rate = ArrivalRate()
    var left = pace.count ?? (Output.isTerminal ? Int.max : 1)
    while left > 0 {
      let view = try await TopView.look(relay.service(or: dedupctl.relay), &rate)
      if format.output == .json { try Output.json(view) } else { show(view) }
      left -= 1
      if left > 0 { try await Task.sleep(for: .seconds(pace.every)) }
    }
  }

  private func show(_ view: TopView) {
    if Output.isTerminal { Output.clearScreen() }
    if !format.noHeaders { Output.paragraph(view.head) }
    format.write(view.table())
  }
}
