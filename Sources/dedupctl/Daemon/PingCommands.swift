import ArgumentParser
import ControlAPI

struct PingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping", abstract: "Check whether the relay answers, and how fast. Exit status 4 when it does not.")

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  private struct Answer: Encodable {
    var version: String
    var pid: Int?
    var milliseconds: Double
  }

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    let start = ContinuousClock.now
    let status = try await daemon.status()
    let took = start.duration(to: .now).components
    let milliseconds = Double(took.seconds * 10_000 + took.attoseconds / 100_000_000_000_000) / 10
    let answer = Answer(version: status.version, pid: status.daemon?.pid, milliseconds: milliseconds)
    if format.output == .json { return try Output.json(answer) }
    Output.line("MailDedup \(answer.version), pid \(answer.pid.map(String.init) ?? "?"), answers in \(milliseconds) ms")
  }
}

struct TestUpstreamCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test-upstream",
    abstract: "Test whether the relay reaches its next hops: connection, TLS, login. Sends no mail.",
    discussion: """
      The running relay makes the test, with its own settings, permissions and network. A Maildir is tested as well. \
      The output says when a host demands a login before it takes mail. With --sender and --recipient the relay offers \
      these (MAIL and RCPT) and then withdraws them (RSET). Exit status 1 when one of the hosts does not work.
      """)

  @Option(help: ArgumentHelp("Another smarthost instead.", valueName: "host:port"))
  var to: String?
  @Option(help: ArgumentHelp("Whether it takes mail from there.", valueName: "address"))
  var sender: String?
  @Option(help: ArgumentHelp("Whether it takes mail for there.", valueName: "address"))
  var recipient: String?
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let probes = try await relay.daemon(or: dedupctl.relay).probe(
      ProbeRequest(to: to, sender: sender, recipient: recipient))
    for probe in probes {
      if format.output == .json { try Output.json(probe) } else { Output.line(Self.line(probe)) }
    }
    let broken = probes.filter { !$0.works }
    guard broken.isEmpty else {
      throw CommandFailure(.failure, "\(broken.map(\.nextHop).joined(separator: ", ")) cannot be used")
    }
  }

  private static func line(_ probe: UpstreamProbe) -> String {
    let said = probe.steps + [probe.failure].compactMap { $0 }
    let mark = probe.works ? Output.styled("works", .green) : Output.styled("fails", .red)
    let route = probe.route.map { "[route \(printable($0))] " } ?? ""
    return
      "\(route)\(printable(probe.nextHop)): \(mark) (\(probe.milliseconds) ms): \(printable(said.joined(separator: ", ")))"
  }
}
