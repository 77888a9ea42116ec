package import Foundation

// What an admin says about errors, in the JSON of the control API; see ControlTypes.swift for its rules.

/// Which errors: those whose id starts with `id`, in one site if it is given.
package struct ErrorSelector: Codable, Sendable, Equatable {
  package var id: String
  package var site: String?

  package init(id: String, site: String? = nil) {
    self.id = id
    self.site = site
  }
}

/// An error by its names.
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

/// A silence to be made. Exactly one of `selector`, `rule` and the patterns says what of; exactly one of the four
/// ends says until when.
package struct SilenceRequest: Codable, Sendable, Equatable {
  package var selector: ErrorSelector?
  package var rule: String?
  package var title: String?
  package var place: String?
  package var site: String?
  package var seconds: Int?
  package var mails: Int?
  /// Mails within an hour.
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

/// A silence, as lists show it.
package struct SilenceEntry: Codable, Sendable, Equatable {
  package var id: Int
  /// What it is about, for people.
  package var scope: String
  /// The error, if it is about one.
  package var error: ErrorName?
  package var author: String
  package var reason: String
  package var createdAt: Date
  /// When or how it ends, for people.
  package var ends: String
  /// Whether it holds until somebody says that it is resolved.
  package var isUntilResolved: Bool
  /// Absent unless it ends at a time.
  package var endsAt: Date?
  /// Mails that it held back.
  package var held: Int
  /// Absent while it holds.
  package var endedAt: Date?
  package var endedBy: String?
  /// Who ended it; absent unless somebody did, and said who.
  package var endedAuthor: String?
}

/// Errors to be made one.
package struct MergeRequest: Codable, Sendable, Equatable {
  package var ids: [String]
  package var into: ErrorSelector

  package init(ids: [String], into: ErrorSelector) { (self.ids, self.into) = (ids, into) }
}

/// What a merge did.
package struct MergeReport: Codable, Sendable, Equatable {
  package var into: ErrorName
  package var merged: [ErrorName]

  package init(into: ErrorName, merged: [ErrorName]) {
    self.into = into
    self.merged = merged
  }
}

/// An error that the admin merged from several, or split into its variants, and that is still so.
package struct GroupingEntry: Codable, Sendable, Equatable {
  /// `merged`: the members are part of the error. `split`: they are its variants, each an error of its own.
  package var kind: String
  package var error: ErrorName
  package var members: [ErrorName]
}

/// What a split did.
package struct SplitReport: Codable, Sendable, Equatable {
  package var error: ErrorName
  /// Errors that were merged and stand on their own again; 0: each variant is an error of its own from now on.
  package var released: Int
  /// It had been split before.
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
