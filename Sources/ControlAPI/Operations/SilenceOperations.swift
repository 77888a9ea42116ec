/// The questions about silences, and the orders that make and end them.
package protocol SilenceControl: Sendable {
  /// Returns the silences, the newest first.
  ///
  /// - Parameter all: true to include silences that have ended or whose time is up.
  func silences(all: Bool) async throws -> [SilenceEntry]
  /// Makes one silence for each selected error, or one for a rule or patterns. Empty if no error is selected.
  func silence(_ request: SilenceRequest) async throws -> [SilenceEntry]
  /// Ends a silence and returns it. Empty if no silence of that id is in effect.
  ///
  /// - Parameter author: the admin who ends the silence, or nil if no name was given.
  func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry]
}

extension Operations {
  static let listSilences = Operation(
    .get, "/v1/silences", "Silences, the newest first.",
    .values(["all": "boolean"], write: { WrittenRequest(query: ["all": "\($0)"]) }, read: { $0.isTrue("all") })
  ) { try await $0.silences(all: $1) }
  static let silence = Operation(.post, "/v1/silences", "Make a silence.", .json) { try await $0.silence($1) }
  static let endSilence = Operation(
    .delete, "/v1/silences/{id}", "End a silence.",
    .values(["author": "string"]) { (end: (id: Int, author: String?)) in
      WrittenRequest(id: "\(end.id)", query: ["author": end.author])
    } read: { values in
      guard let id = Int(values.id) else {
        throw ControlProblem("\"\(values.id)\" is not the number of a silence", .malformed)
      }
      return (id, values.text("author"))
    }
  ) { try await $0.endSilence($1.id, author: $1.author) }

  static var silences: [any AnyOperation] { [listSilences, silence, endSilence] }
}

extension ControlClient {
  package func silences(all: Bool) async throws -> [SilenceEntry] { try await ask(Operations.listSilences, all) }

  package func silence(_ request: SilenceRequest) async throws -> [SilenceEntry] {
    try await ask(Operations.silence, request)
  }

  package func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry] {
    try await ask(Operations.endSilence, (id, author))
  }
}

extension StoredState {
  package func silence(_ request: SilenceRequest) async throws -> [SilenceEntry] { throw Self.readOnly }

  package func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry] { throw Self.readOnly }
}
