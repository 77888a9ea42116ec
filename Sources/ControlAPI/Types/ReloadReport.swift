package import Foundation

/// What became of a new configuration.
package struct ReloadReport: Codable, Sendable, Equatable {
  package var at: Date
  /// Why it was refused and the old one stays, a line each with its place in the file; empty: it is in force.
  package var problems: [String]
  /// The keys that took effect.
  package var changed: [String]
  /// The keys that take effect after a restart.
  package var awaitingRestart: [String]
  /// Both with what stood there and what stands there now; absent in answers of earlier versions.
  package var changes: [Change]?

  /// One key, site or rule, as a file has it.
  package struct Change: Codable, Sendable, Equatable {
    package var key: String
    package var old: String
    package var new: String

    package init(key: String, old: String, new: String) {
      self.key = key
      self.old = old
      self.new = new
    }
  }

  package init(at: Date, problems: [String], changed: [String], awaitingRestart: [String]) {
    self.at = at
    self.problems = problems
    self.changed = changed
    self.awaitingRestart = awaitingRestart
  }
}

extension ReloadReport: Described {
  static let schema = Schema(
    "ReloadReport",
    [
      "at": "time", "problems": "string[]", "changed": "string[]", "awaiting_restart": "string[]",
      "changes?": "Change[]",
    ], parts: [ReloadReport.Change.self])
}

extension ReloadReport.Change: Described {
  static let schema = Schema(
    "Change",
    [
      "key": "string", "old": "string", "new": "string",
    ])
}
