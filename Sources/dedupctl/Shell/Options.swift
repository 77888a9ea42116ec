import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import Glibc
import HostSystem
import SMTPProtocol

/// The output options of every command.
struct OutputOptions: ParsableArguments {
  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Option(name: [.short, .long], help: "table for people, or json for programs, with one object per line.")
  var output = Format.table
  @Flag(help: "Omit the header line of tables, for scripts.")
  var noHeaders = false

  /// Prints a table for people, as wide as their terminal.
  func write(_ table: Table) {
    table.lines(width: Output.terminalWidth, hasHead: !noHeaders).forEach(Output.line)
  }
}

extension ParsableArguments {
  /// Checks a numeric option.
  ///
  /// - Throws: `ValidationError` for a number below `least`.
  static func check(_ option: String, _ value: Int?, from least: Int = 1) throws {
    if let value, value < least { throw ValidationError("\(option): write a number from \(least) on") }
  }
}

/// The options of commands that destroy something.
struct ConfirmationOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Do not ask.")
  var yes = false

  /// Asks for confirmation, unless the option `--yes` was given.
  ///
  /// - Parameters:
  ///   - what: The action to confirm, e.g. `Remove 3 mails`.
  ///   - warning: A sentence after the question; empty for none.
  /// - Throws: `CommandFailure` if the answer is no, or if there is no terminal to ask on.
  func confirm(_ what: String, warning: String = "They cannot be brought back.") throws {
    if yes { return }
    guard isatty(STDIN_FILENO) == 1 else {
      throw CommandFailure(
        .usage, "would \(what.prefix(1).lowercased() + what.dropFirst()); no terminal to ask on, so add --yes")
    }
    try Self.ask(what, warning: warning)
  }

  /// Asks a question at the terminal.
  ///
  /// - Throws: `CommandFailure` if the answer is no.
  static func ask(_ what: String, warning: String) throws {
    Output.prompt("\(what)? \(warning)\(warning.isEmpty ? "" : " ")[y/N] ")
    guard ["y", "yes"].contains(readLine()?.lowercased() ?? "") else {
      throw CommandFailure(.failure, "nothing was done")
    }
  }
}

/// The options of commands whose answer changes over time.
struct WatchOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Ask again every two seconds, until ^C.")
  var watch = false

  /// Runs `body` once, or repeatedly on a cleared screen. A failure ends it.
  func repeating(_ body: () async throws -> Void) async throws {
    guard watch else { return try await body() }
    while !Task.isCancelled {
      if Output.isTerminal { Output.clearScreen() }
      try await body()
      try await Task.sleep(for: .seconds(2))
    }
  }
}

/// The pace of commands that repeat by themselves: how often, and how many times.
struct PaceOptions: ParsableArguments {
  @Option(name: [.customShort("n"), .long], parsing: .unconditional, help: "Stop after this many views or lines.")
  var count: Int?
  @Option(parsing: .unconditional, help: ArgumentHelp("Time between two looks, 1 to 3600.", valueName: "seconds"))
  var every = 2

  func validate() throws {
    if !(1...3600).contains(every) { throw ValidationError("--every: write a number from 1 to 3600") }
    try Self.check("--count", count)
  }
}

/// The options of every command that asks the daemon. `--config` may precede or follow the name of the command.
struct RelayOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The relay's configuration. Default: $MAILDEDUP_CONFIG, else /etc/maildedup/dedup.conf, else ./dedup.conf.",
      valueName: "path"), completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Ask the relay at this address ([control] address) instead of its socket.", valueName: "host:port"))
  var controlAddress: String?
  @Option(
    help: ArgumentHelp("The file with the token for --control-address.", valueName: "path"), completion: .file())
  var tokenFile: String?

  func validate() throws {
    if tokenFile != nil && controlAddress == nil { throw ValidationError("--token-file needs --control-address") }
    if let controlAddress, Smarthost(controlAddress) == nil {
      throw ValidationError("--control-address: write host:port")
    }
  }

  /// Returns the running daemon, or its store if the daemon is down, which is said once as long as it lasts.
  ///
  /// - Parameter isQuiet: True if the caller reports that the daemon is down.
  func service(or outer: RelayOptions, isQuiet: Bool = false) async throws -> any ControlService {
    if let remote = try remote(or: outer) { return remote }
    let configuration = try findable(or: outer)
    let client = ControlClient(socket: configuration.control.socket)
    do {
      _ = try await client.status()
      Output.daemonAnswers()
      return client
    } catch let unreachable as ControlClient.Unreachable where !unreachable.isPermission {
      let start = StartCommand.of(path(or: outer))
      let store = try stoppedStore(configuration, because: StartCommand.inRemedy("\(unreachable)", path(or: outer)))
      if !isQuiet {
        Output.daemonIsDown(
          "The daemon is down (\(configuration.control.socket)); reading its store. Start it with: \(start)")
      }
      return store
    }
  }

  /// Returns the running daemon, which commands that change something need.
  ///
  /// - Parameter saysProblems: False if the daemon's answer reports what is wrong with the configuration.
  func daemon(or outer: RelayOptions, saysProblems: Bool = true) async throws -> any ControlService {
    if let remote = try remote(or: outer) { return remote }
    return ControlClient(socket: try findable(or: outer, saysProblems: saysProblems).control.socket)
  }

  /// Returns the daemon at `--control-address`, or nil without that option.
  private func remote(or outer: RelayOptions) throws -> (any ControlService)? {
    guard let text = controlAddress ?? outer.controlAddress, let address = Smarthost(text) else { return nil }
    guard let path = tokenFile ?? outer.tokenFile else {
      throw CommandFailure(.usage, "--control-address needs --token-file: the relay lets nobody in without it")
    }
    do throws(SecretSource.Failure) {
      let token = try SecretSource.file(path).revealed
      return ControlClient(.tcp(host: address.host, port: address.port, token: token))
    } catch {
      throw CommandFailure(.failure, error.description)
    }
  }

  /// Returns the named configuration, otherwise the one of this machine.
  func configuration(or outer: RelayOptions) throws -> Configuration {
    try Self.load(path(or: outer))
  }

  private func path(or outer: RelayOptions) -> String {
    config ?? outer.config ?? ConfigurationFile.defaultPath()
  }

  /// Returns the configuration even if it has errors: a running relay continues with the previous, correct version of
  /// the file.
  private func findable(or outer: RelayOptions, saysProblems: Bool = true) throws -> Configuration {
    do {
      let parsed = try ConfigurationFile.read(path(or: outer))
      if saysProblems, let problem = parsed.errors.first {
        Output.error("The configuration is wrong, a reload would refuse it: \(problem)")
      }
      return parsed.configuration
    } catch {
      throw CommandFailure(error.isPermission ? .permission : .failure, error.description)
    }
  }

  static func load(_ path: String) throws -> Configuration {
    do {
      return try ConfigurationFile.load(path).configuration
    } catch {
      throw CommandFailure(error.isPermission ? .permission : .failure, error.description)
    }
  }

  private func stoppedStore(_ configuration: Configuration, because reason: String) throws -> any ControlService {
    do {
      let reader = try StoreReader(
        readingDirectory: configuration.store.directory, policy: configuration.window)
      let hostname = configuration.listener.hostname ?? HostName.current()
      let top = configuration.summary.topErrors
      return StoredState(reader: reader, now: WallClock.now) { .local(top: top, hostname: hostname, at: $0) }
    } catch {
      throw CommandFailure(.unreachable, "\(reason), and its store cannot be read: \(error)")
    }
  }
}
