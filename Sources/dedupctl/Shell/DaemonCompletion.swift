import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import HostSystem

// The words that a shell completes from the running daemon. Only the words are printed: a daemon that is down completes
// nothing.
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
    let option = words.lastIndex { $0 == "-c" || $0 == "--config" }
    let named = option.flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    return try? ConfigurationFile.read(named ?? ConfigurationFile.defaultPath()).configuration.control.socket
  }
}
