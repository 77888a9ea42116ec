package import Foundation

// Decisions of admins about errors, in the JSON of the control API; see `ControlJSON` for its rules.

/// A selection of errors: those whose ids start with `id`, in one site if it is given.
package struct ErrorSelector: Codable, Sendable, Equatable {
  package var id: String
  package var site: String?

  package init(id: String, site: String? = nil) {
    self.id = id
    self.site = site
  }
}

/// The names of an error.
package struct ErrorName: Codable, Sendable, Equatable {
  package var id: String
  package var fingerprint: String
  package var error: String
  package var site: String

  package init(id: String, fingerprint: String, error: String, site: String) {
    self.id = id
    self.fingerprint = fingerprint
    self.error = error
    self.site = site
  }
}

/// A request to make a silence. Exactly one of `selector`, `rule` and the patterns (`title`, `place`, `site`) says what
/// it covers. Exactly one of `seconds`, `mails`, `rate` and `untilResolved` says when it ends.
package struct SilenceRequest: Codable, Sendable, Equatable {
  package var selector: ErrorSelector?
  package var rule: String?
  package var title: String?
  package var place: String?
  package var site: String?
  package var seconds: Int?
  package var mails: Int?
  /// The number of mails within an hour above which the silence ends.
  package var rate: Int?
  package var untilResolved: Bool
  package var author: String
  package var reason: String

  package init(author: String, reason: String) {
    untilResolved = false
    self.author = author
    self.reason = reason
  }
}

/// A silence as shown in lists.
package struct SilenceEntry: Codable, Sendable, Equatable {
  package var id: Int
  /// The scope of the silence, for people to read.
  package var scope: String
  /// The error that the silence covers. Absent if it is about a rule or patterns.
  package var error: ErrorName?
  package var author: String
  package var reason: String
  package var createdAt: Date
  /// The time or the condition of its end, for people to read.
  package var ends: String
  /// True if the silence holds until an admin marks the error as resolved.
  package var isUntilResolved: Bool
  /// The time at which the silence ends. Absent if it ends by another condition.
  package var endsAt: Date?
  /// The number of mails that the silence held back.
  package var held: Int
  /// The time at which the silence ended. Absent while it holds.
  package var endedAt: Date?
  package var endedBy: String?
  /// The admin who ended the silence. Absent if none did, or if no name was given.
  package var endedAuthor: String?
}

/// A request to merge errors into one.
package struct MergeRequest: Codable, Sendable, Equatable {
  package var ids: [String]
  package var into: ErrorSelector

  package init(ids: [String], into: ErrorSelector) { (self.ids, self.into) = (ids, into) }
}

/// The result of a merge.
package struct MergeReport: Codable, Sendable, Equatable {
  package var into: ErrorName
  package var merged: [ErrorName]

  package init(into: ErrorName, merged: [ErrorName]) {
    self.into = into
    self.merged = merged
  }
}

/// An error that an admin merged from several or split into its variants, and that is still merged or split.
package struct GroupingEntry: Codable, Sendable, Equatable {
  /// The kind of grouping. `merged`: the members are part of the error. `split`: they are its variants, each an error
  /// of its own.
  package var kind: String
  package var error: ErrorName
  package var members: [ErrorName]
}

/// The result of a split.
package struct SplitReport: Codable, Sendable, Equatable {
  package var error: ErrorName
  /// The number of merged errors that are errors of their own again. 0 if each variant is an error of its own from now
  /// on.
  package var released: Int
  /// True if the error had already been split before.
  package var wasSplit: Bool

  package init(error: ErrorName, released: Int, wasSplit: Bool) {
    self.error = error
    self.released = released
    self.wasSplit = wasSplit
  }
}

extension ErrorSelector: Described {
  static let schema = Schema(
    "Selector",
    [
      "id": "string", "site?": "string",
    ])
}

extension ErrorName: Described {
  static let schema = Schema(
    "ErrorName",
    [
      "id": "string", "fingerprint": "string", "error": "string", "site": "string",
    ])
}

extension GroupingEntry: Described {
  static let schema = Schema(
    "Grouping",
    [
      "kind": "string", "error": "ErrorName", "members": "ErrorName[]",
    ], parts: [ErrorName.self])
}

extension SilenceEntry: Described {
  static let schema = Schema(
    "Silence",
    [
      "id": "integer", "scope": "string", "error?": "ErrorName", "author": "string", "reason": "string",
      "created_at": "time", "ends": "string", "is_until_resolved": "boolean", "ends_at?": "time", "held": "integer",
      "ended_at?": "time", "ended_by?": "string", "ended_author?": "string",
    ], parts: [ErrorName.self])
}

extension SilenceRequest: Described {
  static let schema = Schema(
    "SilenceRequest",
    [
      "selector?": "Selector", "rule?": "string", "title?": "string", "place?": "string", "site?": "string",
      "seconds?": "integer", "mails?": "integer", "rate?": "integer", "until_resolved": "boolean",
      "author": "string", "reason": "string",
    ], parts: [ErrorSelector.self])
}

extension MergeRequest: Described {
  static let schema = Schema(
    "MergeRequest",
    [
      "ids": "string[]", "into": "Selector",
    ], parts: [ErrorSelector.self])
}

extension MergeReport: Described {
  static let schema = Schema(
    "MergeReport",
    [
      "into": "ErrorName", "merged": "ErrorName[]",
    ], parts: [ErrorName.self])
}

extension SplitReport: Described {
  static let schema = Schema(
    "SplitReport",
    [
      "error": "ErrorName", "released": "integer", "was_split": "boolean",
    ], parts: [ErrorName.self])
}
