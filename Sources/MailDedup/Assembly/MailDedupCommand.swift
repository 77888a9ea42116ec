import ArgumentParser
import DedupConfig
import DedupCore
import Foundation
import HostSystem

/// The command `maildedup`: runs the relay in the foreground until SIGTERM or SIGINT.
@main
struct MailDedupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maildedup",
    abstract: "An SMTP relay that turns a flood of identical Django error mails into one.",
    discussion: """
      Runs in the foreground; the log goes to standard error. SIGTERM and SIGINT finish what is in flight and \
      end it. SIGHUP reads the configuration again; when that is wrong, the old one stays. The end of the terminal that \
      it was started from ends it.

      Exit status: 0 ended by a signal, 64 wrong usage, 69 an address is in use, 74 the store cannot be opened or \
      read, 75 another instance runs on the same store, 78 the configuration is wrong.
      """,
    version: MailDedupVersion.text)

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The configuration file.",
      discussion: "Default: $MAILDEDUP_CONFIG, else /etc/maildedup/dedup.conf, else ./dedup.conf.", valueName: "path"))
  var config: String?

  @Flag(
    help: """
      Read the configuration, open what a start would open (certificates, secrets, users, folders, ports unless the relay \
      runs), report every problem, and end.
      """)
  var checkConfig = false

  @Flag(help: "Print the values that count as a configuration file, with where each comes from, and end.")
  var printConfig = false

  func validate() throws {
    if checkConfig && printConfig { throw ValidationError("--check-config and --print-config exclude each other") }
  }

  func run() async throws {
    StandardStream.occupyClosed()
    // A client or a log reader that goes away is an error of that write, not the end of the relay.
    signal(SIGPIPE, SIG_IGN)
    umask(0o077)
    Allocator.giveBackLargeBlocks()
    Allocator.keepSpareMemory()
    do {
      let path = config ?? ConfigurationFile.defaultPath()
      if printConfig { return try show(path) }
      let configuration = try load(path)
      if checkConfig { return try await check(configuration, path) }
      try await Daemon(configuration, path: path).run()
    } catch let failure as StartFailure {
      complain(failure.description)
      throw ExitCode(failure.status.rawValue)
    }
  }

  /// Checks what the file alone does not show.
  private func check(_ configuration: Configuration, _ path: String) async throws {
    let start = StartCheck(configuration)
    let problems = await start.problems()
    for note in start.unchecked() { complain("warning: \(note)") }
    guard problems.isEmpty else { throw StartFailure(.configuration, "\(path): " + problems.joined(separator: "\n")) }
    let now = WallClock.now()
    let encryption = try ErrorMailEncryption(configuration.encryption, now: now)
    for name in ConfigurationParser.strangers(in: ProcessInfo.processInfo.environment) {
      complain("warning: environment \(name): no key of the configuration is called so, and it has no effect")
    }
    for warning in encryption.problems(at: now) + encryption.warnings(at: now) {
      complain("warning: encryption.certificates: \(warning)")
    }
    if let engine = await start.engine() {
      for warning in engine.warnings { complain("warning: fleet.engine: \(warning)") }
      if let found = engine.found { try say("fleet: \(found)\n") }
    }
    try say("\(path): no errors; certificates, secrets, users, folders and ports are fit for a start\n")
  }

  /// Prints the effective configuration, even of a wrong file, whose problems then go to standard error.
  private func show(_ path: String) throws {
    let parsed: ParsedConfiguration
    do { parsed = try ConfigurationFile.read(path) } catch { throw StartFailure(.configuration, error.description) }
    try say(ConfigurationReference.effective(parsed))
    for problem in parsed.warnings { complain("warning: \(problem)") }
    guard parsed.errors.isEmpty else {
      throw StartFailure(.configuration, parsed.errors.map(\.description).joined(separator: "\n"))
    }
  }

  private func load(_ path: String) throws -> Configuration {
    do {
      let (configuration, warnings) = try ConfigurationFile.load(path)
      for warning in warnings { complain("warning: \(warning)") }
      return configuration
    } catch {
      throw StartFailure(.configuration, error.description)
    }
  }

  private func say(_ text: String) throws {
    do throws(StandardStream.Failure) { try StandardStream.output.write(text) } catch {
      if error == .readerIsGone { return }
      throw StartFailure(.store, error.description)
    }
  }

  private func complain(_ message: String) { Self.complain("maildedup: \(message)") }

  /// Prints a message, made printable because it may repeat what was typed or what a file contains.
  private static func complain(_ message: String) {
    try? StandardStream.error.write(DisplayText.printable(message, keepingLines: true) + "\n")
  }
}

extension MailDedupCommand {
  /// Replaces ArgumentParser's own `main`, which repeats what was typed without escaping it.
  static func main() async {
    Terminal.widenForHelp()
    do {
      let command = try parse()
      try await command.run()
    } catch {
      if !exitCode(for: error).isSuccess, !(error is ExitCode) {
        complain(fullMessage(for: error))
        Foundation.exit(exitCode(for: error).rawValue)
      }
      exit(withError: error)
    }
  }
}

/// The reason why the relay could not start: one clear text, and an exit status of sysexits.h.
struct StartFailure: Error, CustomStringConvertible {
  enum Status: Int32 {
    case unavailable = 69
    case store = 74
    case locked = 75
    case configuration = 78
  }

  let status: Status
  let description: String

  init(_ status: Status, _ description: String) {
    self.status = status
    self.description = description
  }
}
