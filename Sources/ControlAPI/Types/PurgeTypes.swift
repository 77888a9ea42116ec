package import DedupCore

// What `dedupctl purge` asks, in the JSON of the control API; see ControlTypes.swift for its rules.

/// Which of the mails that are kept of errors to remove.
package struct PurgeRequest: Codable, Sendable, Equatable {
  /// Of errors whose ids begin with these; has to be absent when `all` is true, and only then.
  package var ids: [String]?
  /// Of those, the errors in the sites of that name only; absent: in all.
  package var site: String?
  package var all: Bool
  /// Only those that are so many seconds old; absent: whatever their age.
  package var olderThan: Int?
  /// Removes nothing; the answer says what would be removed.
  package var isTrial: Bool

  package init(ids: [String]?, site: String? = nil, all: Bool, olderThan: Int?, isTrial: Bool) {
    self.ids = ids
    self.site = site
    self.all = all
    self.olderThan = olderThan
    self.isTrial = isTrial
  }

  /// - Throws: `ControlProblem` where it is not clear: no slip may mean all.
  package var selection: SampleSelection {
    get throws {
      guard all == (ids == nil), site == nil || !all, olderThan.map({ $0 >= 0 }) ?? true else {
        throw ControlProblem(
          "either \"ids\" (with a \"site\" or without) or \"all\" says which mails, and \"older_than\" is a number of seconds",
          .malformed)
      }
      return SampleSelection(ids.map { .ids($0, site: site) } ?? .all, age: olderThan.map { .seconds($0) })
    }
  }
}

/// The mails of errors that were removed, or would be.
package struct PurgeReport: Codable, Sendable, Equatable {
  package var mails: Int
  package var octets: Int
  package var errors: Int
  /// Ids that name no error.
  package var unknown: [String]
  /// Databases that were set aside; what they hold is not removed.
  package var setAside: [SetAsideReport]

  package init(_ count: SampleCount, setAside: [SetAsideReport]) {
    (mails, octets, errors, unknown) = (count.mails, count.octets, count.errors, count.unknown)
    self.setAside = setAside
  }
}

extension PurgeRequest: Described {
  static let schema = Schema(
    "PurgeRequest",
    [
      "ids?": "string[]", "site?": "string", "all": "boolean", "older_than?": "integer", "is_trial": "boolean",
    ])
}

extension PurgeReport: Described {
  static let schema = Schema(
    "PurgeReport",
    [
      "mails": "integer", "octets": "integer", "errors": "integer", "unknown": "string[]",
      "set_aside": "SetAside[]",
    ], parts: [SetAsideReport.self])
}
