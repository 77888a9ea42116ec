/// An error answer.
package struct ControlProblem: Codable, Sendable, Equatable, Error, CustomStringConvertible {
  /// What kind of problem it is, for programs.
  package enum Kind: String, Codable, Sendable {
    /// The request is not what the path takes.
    case malformed
    /// It is longer than any request.
    case tooLarge = "too-large"
    /// It names nothing that is there.
    case nothingMatched = "nothing-matched"
    /// It names several where one is meant.
    case ambiguous
    /// It was understood and cannot be done.
    case refused
  }

  /// What happened and what to do.
  package var message: String
  /// Absent in answers of earlier versions, and where something went wrong that should not have.
  package var kind: Kind?

  package init(_ message: String, _ kind: Kind = .refused) {
    self.message = message
    self.kind = kind
  }

  /// Something went wrong that should not have.
  init(unexpected error: any Error) { message = "\(error)" }

  package var description: String { message }
}

extension ControlProblem: Described {
  static let schema = Schema(
    "Problem",
    [
      "message": "string", "kind?": "string",
    ])
}
