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
struct MergeRequest: Codable, Sendable, Equatable {
  var ids: [String]
  var into: ErrorSelector
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
