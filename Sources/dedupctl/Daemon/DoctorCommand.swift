import ArgumentParser
import DedupConfig
import DedupCore
import HostSystem

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check the whole way of a mail, and say what to do about what fails.",
    discussion: """
      Looks at the configuration, the control socket, the daemon, its listeners, the disk, the store, the emergency spool \
      and each next hop. Sends no mail and changes nothing. Exit status 1 when a check fails; 4 or 5 \
      when the daemon cannot be reached, as with every command.
      """)

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let path = relay.config ?? dedupctl.relay.config ?? ConfigurationFile.defaultPath()
    let (findings, status) = await Examination(path: path).findings()
    for finding in findings {
      if format.output == .json { try Output.json(finding) } else { finding.write() }
    }
    let failures = findings.count { $0.state == .fails }
    guard failures == 0 else {
      throw CommandFailure(status, failures == 1 ? "one check fails" : "\(failures) checks fail")
    }
  }
}

/// What one check of `dedupctl doctor` found.
struct Finding: Encodable {
  enum State: String, Encodable {
    case works, warns, fails
    /// It needs something that fails.
    case skipped
  }

  /// `configuration`, `daemon`, `listener`, `disk`, `store`, `spool`, `upstream`.
  var check: String
  var state: State
  /// What was looked at and what is the matter with it.
  var text: String
  /// What to do; absent where nothing is to be done.
  var remedy: String?

  init(_ check: String, _ state: State, _ text: String, remedy: String? = nil) {
    (self.check, self.state, self.text, self.remedy) = (check, state, text, remedy)
  }

  /// For people, as wide as their terminal.
  func write() { lines(width: Output.terminalWidth).forEach(Output.line) }

  private func lines(width: Int?) -> [String] {
    let style: Style =
      switch state {
      case .works: .green
      case .warns: .yellow
      case .fails: .red
      case .skipped: .dim
      }
    let mark = Output.styled(DisplayText.padded(state.rawValue, columns: 9), style)
    let said = Self.wrapped(text, mark + DisplayText.padded(check, columns: 15), indent: 24, width)
    let margin = String(repeating: " ", count: 24)
    return said + (remedy.map { Self.wrapped($0, margin + "-> ", indent: 27, width) } ?? [])
  }

  /// - Parameters:
  ///   - head: stands before the first line, `indent` cells wide.
  ///   - indent: of the others.
  private static func wrapped(_ text: String, _ head: String, indent: Int, _ width: Int?) -> [String] {
    let text = printable(text)
    let lines = width.map { DisplayText.wrap(text, columns: max(20, $0 - indent)) } ?? [text]
    return lines.enumerated().map { $0 == 0 ? head + $1 : String(repeating: " ", count: indent) + $1 }
  }
}
