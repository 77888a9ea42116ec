package import DedupCore

// The request and the answer of `dedupctl purge`, in the JSON of the control API; see `ControlJSON` for its rules.

/// A request to remove kept mails of errors.
package struct PurgeRequest: Codable, Sendable, Equatable {
  /// The beginnings of the ids of the errors. Has to be absent if `all` is true, and only then.
  package var ids: [String]?
  /// The name of the sites to which the ids are limited. Absent for all sites, and always if `all` is true.
  package var site: String?
  package var all: Bool
  /// The minimum age of the mails in seconds. Absent for any age.
  package var olderThan: Int?
  /// True to remove nothing and only report what would be removed.
  package var isTrial: Bool

  package init(ids: [String]?, site: String? = nil, all: Bool, olderThan: Int?, isTrial: Bool) {
    self.ids = ids
    self.site = site
    self.all = all
    self.olderThan = olderThan
    self.isTrial = isTrial
  }

  /// The selection that the request makes.
  ///
  /// - Throws: `ControlProblem` if the request is not clear, so that no slip selects everything.
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

/// The mails of errors that were removed, or would be removed.
package struct PurgeReport: Codable, Sendable, Equatable {
  package var mails: Int
  package var octets: Int
  package var errors: Int
  /// The ids that match no error.
  package var unknown: [String]
  /// The databases that were set aside. The mails in them are not removed.
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
