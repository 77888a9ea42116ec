import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import Fingerprint
import HostSystem

// The words that a shell completes from the running daemon or the configuration. Only the words are printed: a daemon
// that is down completes nothing.
extension CompletionKind {
  /// The ids of errors, the latest first.
  static let errorIDs = fromDaemon { try await errors($0).map(\.id) }
  /// The names of sites that have errors, except those that a shell might read as more than a word: names come from
  /// mails, and bash expands what it is offered.
  static let sites = fromDaemon { service in
    try await errors(service).map(\.site).filter { name in
      name.allSatisfy { $0.isLetter || $0.isNumber || "[]._-@:/+ ".contains($0) }
    }
  }
  /// The numbers of the silences in force.
  static let silences = fromDaemon { try await $0.silences(all: false).map { "\($0.id)" } }
  /// The ids of the mails that wait.
  static let queueIDs = fromDaemon { service in
    try await service.queue(QueueFilter(limit: most)).map(\.id)
  }

  /// The names of the rules of the configuration.
  static let rules = CompletionKind.custom(ruleNames)
  /// The kinds of mails in the queue.
  static let queueKinds = CompletionKind.list(["pass", "report", "copy", "notice", "summary", "bounce", "alert"])

  @Sendable private static func ruleNames(_ words: [String], _: Int, _ prefix: String) async -> [String] {
    let rules = (try? ConfigurationFile.read(StartCommand.configuration(in: words)).configuration.rules.rules) ?? []
    return rules.map(\.name).filter { $0.hasPrefix(prefix) }
  }

  /// The largest number of words, more than a user looks through; typing the first digits narrows them.
  private static let most = 500

  private static func errors(_ service: any ControlService) async throws -> [ErrorEntry] {
    try await service.errors(FingerprintQuery(includesUnsuppressed: true, limit: most))
  }

  private static func fromDaemon(
    _ ask: @escaping @Sendable (any ControlService) async throws -> [String]
  ) -> CompletionKind {
    .custom { words, _, prefix in
      guard let socket = socket(of: words), let found = try? await ask(ControlClient(socket: socket)) else { return [] }
      var known: Set<String> = []
      return found.filter { $0.hasPrefix(prefix) && known.insert($0).inserted }
    }
  }

  /// Returns the socket of the configuration that the command line names, otherwise of this machine's configuration.
  private static func socket(of words: [String]) -> String? {
    try? ConfigurationFile.read(StartCommand.configuration(in: words)).configuration.control.socket
  }
}
