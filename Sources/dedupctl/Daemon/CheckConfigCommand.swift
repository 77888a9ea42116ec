import ArgumentParser
import DedupConfig
import HostSystem

struct CheckConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config", abstract: "List every problem of the configuration, with its place and the remedy.",
    discussion: """
      Reads what the relay would read: the file, conf.d/*.conf beside it, the environment. Looks at the text only: \
      files, folders and ports are checked by maildedup --check-config. Exit status 1 when there is an error; warnings do \
      not count.
      """)

  @Argument(help: "The file. Default: that of --config, or of this machine.", completion: .file())
  var path: String?
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  private struct Finding: Encodable {
    var file: String
    var line: Int
    var column: Int
    /// The severity: `error`, `warning`, or `ok` if there is no error in that file.
    var severity: String
    var message: String

    init(_ diagnostic: Diagnostic, _ severity: String) {
      (file, line, column) = (diagnostic.file, diagnostic.line, diagnostic.column)
      (self.severity, message) = (severity, diagnostic.message)
    }
  }

  static func success(_ path: String) -> String {
    "\(path): no errors in the text. Files, folders and ports are checked by: maildedup --check-config"
  }

  func run() throws {
    let path = path ?? relay.config ?? dedupctl.relay.config ?? ConfigurationFile.defaultPath()
    let parsed: ParsedConfiguration
    do throws(ConfigurationFile.Failure) { parsed = try ConfigurationFile.read(path) } catch {
      throw CommandFailure(error.isPermission ? .permission : .failure, error.description)
    }
    if format.output == .json {
      var findings = parsed.errors.map { Finding($0, "error") } + parsed.warnings.map { Finding($0, "warning") }
      if parsed.errors.isEmpty {
        findings.append(Finding(Diagnostic(SourcePosition(file: path, line: 0, column: 0), "no errors"), "ok"))
      }
      try findings.forEach(Output.json)
    } else {
      for problem in parsed.errors { Output.line(Output.styled("error", .red) + ": \(problem)") }
      for problem in parsed.warnings { Output.line(Output.styled("warning", .yellow) + ": \(problem)") }
      if parsed.errors.isEmpty { Output.paragraph(Self.success(path)) }
    }
    guard parsed.errors.isEmpty else {
      throw CommandFailure(.failure, "the relay would not start with this, and a reload would refuse it")
    }
  }
}
