package import Foundation

/// The result of reading a new configuration.
package struct ReloadReport: Codable, Sendable, Equatable {
  package var at: Date
  /// The reasons why it was refused and the old one stays, one line each with its place in the file. Empty if it is in
  /// force.
  package var problems: [String]
  /// The keys that took effect.
  package var changed: [String]
  /// The keys that take effect after a restart.
  package var awaitingRestart: [String]
  /// The keys of both lists with their old and new values. Absent in answers of earlier versions.
  package var changes: [Change]?

  /// A change of one key, site or rule, with the values as written in a file.
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
