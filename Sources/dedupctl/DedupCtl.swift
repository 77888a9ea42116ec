import ArgumentParser
import ControlAPI
import DedupCore
import Glibc
import HostSystem

/// The command `dedupctl`: shows what the relay held back, what waits, and why.
struct DedupCtl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dedupctl",
    abstract: "See what MailDedup held back, what waits for delivery, and why.",
    discussion: """
      Commands ask the running daemon. When it is down, those that only read open its store and say so.

      Exit status: 0 done, 1 failure, 2 wrong usage, 3 nothing matched, 4 daemon unreachable, 5 no permission. An id or \
      a --site that nothing has is 3 with every command; a list that other filters leave empty is 0.
      """,
    version: MailDedupVersion.text,
    groupedSubcommands: [
      CommandGroup(
        name: "Look",
        subcommands: [
          ListCommand.self, ShowCommand.self, WatchCommand.self, TopCommand.self, StatusCommand.self,
          StatsCommand.self, SummaryCommand.self, ExportCommand.self, FleetCommand.self,
        ]),
      CommandGroup(
        name: "Decide",
        subcommands: [
          SilenceCommand.self, ResolveCommand.self, PassCommand.self, ReleaseCommand.self, MergeCommand.self,
          SplitCommand.self, PurgeCommand.self,
        ]),
      CommandGroup(name: "Queue", subcommands: [QueueCommand.self]),
      CommandGroup(
        name: "Check",
        subcommands: [
          DoctorCommand.self, PingCommand.self, TestUpstreamCommand.self, FingerprintCommand.self,
          ReplayCommand.self,
        ]),
      CommandGroup(name: "Configure", subcommands: [CheckConfigCommand.self, ReloadCommand.self, RulesCommand.self]),
    ])

  @OptionGroup var relay: RelayOptions
}

/// The exit statuses of `dedupctl`; scripts rely on them.
enum ExitStatus: Int32 {
  case failure = 1
  case usage = 2
  case nothingMatched = 3
  case unreachable = 4
  case permission = 5
}

/// A failure that ends the command with one clear line on standard error.
struct CommandFailure: Error, CustomStringConvertible {
  let status: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }
}

@main
enum Main {
  static func main() async {
    StandardStream.occupyClosed()
    // `Output.write` handles a closed pipe.
    signal(SIGPIPE, SIG_IGN)
    Terminal.widenForHelp()
    do {
      try checkHelp()
      var command = try await DedupCtl.asyncParseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      end(failure.description, failure.status)
    } catch let problem as ControlProblem {
      end(problem.message, problem.status)
    } catch let unreachable as ControlClient.Unreachable {
      let path = StartCommand.configuration(in: CommandLine.arguments)
      end(StartCommand.inRemedy(unreachable.description, path), unreachable.isPermission ? .permission : .unreachable)
    } catch {
      end(with: error)
    }
  }

  /// Checks the `help` of an unknown command, which ArgumentParser answers with the help of all.
  private static func checkHelp() throws {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.contains("help"), let mistyped = MistypedVerb(arguments, of: DedupCtl.self) {
      throw CommandFailure(.usage, mistyped.description)
    }
  }

  /// Ends after an error of ArgumentParser: `--help` and `--version` are no failures, and wrong usage has a status of
  /// ours.
  private static func end(with error: any Error) -> Never {
    switch DedupCtl.exitCode(for: error) {
    case .success:
      let text = DedupCtl.fullMessage(for: error, columns: .max / 2)
      // Otherwise it is a completion script, or the input for the manual.
      let isHelp = text.hasPrefix("OVERVIEW:") || text.hasPrefix("USAGE:")
      let shown =
        isHelp ? HelpText.wrapped(text, columns: Output.terminalWidth ?? 80) : CompletionScript.withVerbsOfHelp(text)
      Output.data(shown)
      exit(0)
    case .validationFailure:
      if let mistyped = MistypedVerb(CommandLine.arguments.dropFirst(), of: DedupCtl.self) {
        end(mistyped.description, .usage)
      }
      Output.error(DedupCtl.fullMessage(for: error))
      exit(ExitStatus.usage.rawValue)
    default: end("\(error)", .failure)
    }
  }

  private static func end(_ message: String, _ status: ExitStatus) -> Never {
    Output.error("dedupctl: \(message)")
    exit(status.rawValue)
  }
}

extension ControlProblem {
  fileprivate var status: ExitStatus {
    switch kind {
    case .malformed, .tooLarge, .ambiguous: .usage
    case .nothingMatched: .nothingMatched
    case .refused, nil: .failure
    }
  }
}
