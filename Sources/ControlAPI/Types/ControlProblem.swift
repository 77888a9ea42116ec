/// The answer to a request that failed.
package struct ControlProblem: Codable, Sendable, Equatable, Error, CustomStringConvertible {
  /// The kind of a problem, for programs.
  package enum Kind: String, Codable, Sendable {
    /// The request is not what the path takes.
    case malformed
    /// The request is longer than the limit.
    case tooLarge = "too-large"
    /// The request names something that does not exist.
    case nothingMatched = "nothing-matched"
    /// The request matches several things where one is meant.
    case ambiguous
    /// The request was understood and cannot be carried out.
    case refused
  }

  /// The problem and its remedy.
  package var message: String
  /// The kind of the problem. Absent in answers of earlier versions, and for errors that should not have happened.
  package var kind: Kind?

  package init(_ message: String, _ kind: Kind = .refused) {
    self.message = message
    self.kind = kind
  }

  /// Describes an error that should not have happened. The problem has no kind.
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
