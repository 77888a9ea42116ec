import ArgumentParser
import ControlAPI
import DedupCore
import HostSystem

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Watch errors arrive in a live view, until q or ^C.",
    discussion: """
      PER MIN counts the mails of the last minute; in the first minute only those since the first view, which has - \
      where mail came. NOTE is as in list. On a terminal the arrow keys choose an error, enter shows it, s silences \
      it for an hour, r resolves it, q quits. In a pipe it prints one view.
      """)

  @OptionGroup var pace: PaceOptions
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    // The first request is sent before the screen is taken, so that a failure is reported on the usual one.
    let saidThatItIsDown = try await relay.service(or: dedupctl.relay) is StoredState
    guard pace.count == nil, format.output == .table, Output.isTerminal, RawTerminal.enter() else {
      return try await print(saidThatItIsDown)
    }
    defer { RawTerminal.leave() }
    var screen = TopScreen(
      every: .seconds(pace.every), service: { try await relay.service(or: dedupctl.relay, isQuiet: true) },
      daemon: { try await relay.daemon(or: dedupctl.relay) })
    try await screen.run()
  }

  /// Prints views one below the other, for pipes and programs.
  private func print(_ saidThatItIsDown: Bool) async throws {
    var rate = ArrivalRate()
    var left = pace.count ?? (Output.isTerminal ? Int.max : 1)
    while left > 0 {
      let view = try await TopView.look(relay.service(or: dedupctl.relay, isQuiet: true), &rate)
      if format.output == .json { try Output.json(view) } else { show(view, saysIfDown: !saidThatItIsDown) }
      left -= 1
      if left > 0 { try await Task.sleep(for: .seconds(pace.every)) }
    }
  }

  private func show(_ view: TopView, saysIfDown: Bool) {
    if Output.isTerminal { Output.clearScreen() }
    // On a terminal, what was reported before is cleared from the screen.
    if !format.noHeaders { Output.paragraph(view.head(saysIfDown: saysIfDown || Output.isTerminal)) }
    format.write(view.table())
  }
}
