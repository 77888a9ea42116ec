import ArgumentParser
import DedupConfig
import DedupCore
import HostSystem

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check the whole path of a mail, and say how to mend what fails.",
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
    let (findings, status) = await DoctorChecks(path: path).findings()
    for finding in findings {
      if format.output == .json { try Output.json(finding) } else { finding.write() }
    }
    let failures = findings.count { $0.state == .fails }
    guard failures == 0 else {
      throw CommandFailure(status, failures == 1 ? "one check fails" : "\(failures) checks fail")
    }
  }
}

/// The result of one check of `dedupctl doctor`.
struct Finding: Encodable {
  enum State: String, Encodable {
    case works, warns, fails
    /// The check was skipped, because it needs something that fails.
    case skipped
  }

  /// The name of the check: `configuration`, `daemon`, `listener`, `disk`, `store`, `spool`, `sites`, `upstream`.
  var check: String
  var state: State
  /// The object of the check and its state, in words.
  var text: String
  /// The remedy, or nil if nothing needs to be done.
  var remedy: String?
  /// The lines that the remedy asks to add to the configuration, or nil.
  var paste: [String]?

  init(_ check: String, _ state: State, _ text: String, remedy: String? = nil) {
    (self.check, self.state, self.text, self.remedy) = (check, state, text, remedy)
  }

  /// Prints the result for people, as wide as their terminal.
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
      + (paste ?? []).map { printable($0) }
  }

  /// Returns the text as indented lines after a head.
  ///
  /// - Parameters:
  ///   - head: The text before the first line, `indent` cells wide.
  ///   - indent: The indentation of the other lines.
  private static func wrapped(_ text: String, _ head: String, indent: Int, _ width: Int?) -> [String] {
    let text = printable(text)
    let lines = width.map { DisplayText.wrap(text, columns: max(20, $0 - indent)) } ?? [text]
    return lines.enumerated().map { $0 == 0 ? head + $1 : String(repeating: " ", count: indent) + $1 }
  }
}
