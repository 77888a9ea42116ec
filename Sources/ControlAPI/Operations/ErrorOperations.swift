package import DedupCore

/// The questions about errors, and the orders that act on errors and their mails.
package protocol ErrorControl: Sendable {
  /// Returns the errors that match a query, in the order of the query.
  func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry]
  /// Returns the errors whose ids start with `id`, one for each site that has the error, at most 20.
  func error(id: String) async throws -> [ErrorDetail]
  /// Returns a page of the list of all errors, in which each error occurs once.
  ///
  /// - Parameters:
  ///   - after: `next` of the previous page, or 0 for the first page.
  ///   - limit: the maximum number of errors on the page, from 1 to 1000.
  func export(after: Int, limit: Int) async throws -> ExportPage
  /// Returns the errors that are currently merged or split, by `dedupctl merge` and `dedupctl split`.
  func groupings() async throws -> [GroupingEntry]
  /// Returns sums over everything that the store knows.
  ///
  /// - Parameter days: the number of days that the quarters of an hour cover, from 1 to 400.
  func statistics(days: Int) async throws -> StatisticsReport
  /// Lets the next mail of the selected errors through, and returns those errors. Empty if none is selected.
  func passNext(_ selector: ErrorSelector) async throws -> [ErrorName]
  /// Queues copies of the kept mails of the selected errors. Empty if none is selected.
  func sendCopies(_ request: CopyRequest) async throws -> [CopyReport]
  /// Marks the selected errors as resolved, and returns them. Empty if none is selected.
  func resolve(_ selector: ErrorSelector) async throws -> [ErrorName]
  /// Merges errors into one, in each site that has them. Empty if there is nothing to merge.
  func merge(_ request: MergeRequest) async throws -> [MergeReport]
  /// Undoes a merge, or makes each variant of an error an error of its own. Empty if none is selected.
  func split(_ selector: ErrorSelector) async throws -> [SplitReport]
  /// Removes kept mails of errors, or only counts them if the request is a trial.
  func purge(_ request: PurgeRequest) async throws -> PurgeReport
}

extension ErrorControl {
  /// Returns the errors that were seen most recently, the latest first.
  ///
  /// - Parameter all: true to include errors of which no mail was held back yet.
  package func errors(all: Bool, limit: Int) async throws -> [ErrorEntry] {
    try await errors(FingerprintQuery(includesUnsuppressed: all, limit: limit))
  }
}

extension Operations {
  static let listErrors = Operation(.get, "/v1/errors", "Errors.", .errorQuery) { try await $0.errors($1) }
  static let showError = Operation(
    .get, "/v1/errors/{id}", "Errors whose ids begin so, with all that is kept.",
    .values(write: { WrittenRequest(id: $0) }, read: { $0.id })
  ) { try await $0.error(id: $1) }
  static let export = Operation(
    .get, "/v1/export", "Every error once, in pages.",
    .values(["after": "integer", "limit": "integer"]) { (page: (after: Int, limit: Int)) in
      WrittenRequest(query: ["after": "\(page.after)", "limit": "\(page.limit)"])
    } read: {
      ($0.integer("after") ?? 0, $0.integer("limit") ?? 500)
    }
  ) { try await $0.export(after: $1.after, limit: $1.limit) }
  static let groupings = Operation(.get, "/v1/groupings", "What the admin merged and split.", .nothing) { service, _ in
    try await service.groupings()
  }
  static let statistics = Operation(
    .get, "/v1/statistics", "Sums over all that is known.",
    .values(["days": "integer"], write: { WrittenRequest(query: ["days": "\($0)"]) }, read: { $0.integer("days") ?? 7 })
  ) { try await $0.statistics(days: $1) }
  static let pass = Operation(.post, "/v1/pass", "Let the next mail of an error out.", .json) {
    try await $0.passNext($1)
  }
  static let copies = Operation(.post, "/v1/copies", "Send the mails that are kept of an error.", .json) {
    try await $0.sendCopies($1)
  }
  static let resolve = Operation(.post, "/v1/resolve", "Say that an error is fixed.", .json) {
    try await $0.resolve($1)
  }
  static let merge = Operation(.post, "/v1/merge", "Make errors one.", .json) { try await $0.merge($1) }
  static let split = Operation(.post, "/v1/split", "Undo a merge, or split an error by its variants.", .json) {
    try await $0.split($1)
  }
  static let purge = Operation(.post, "/v1/purge", "Remove mails that are kept of errors.", .json) {
    try await $0.purge($1)
  }

  static var errors: [any AnyOperation] {
    [listErrors, showError, export, groupings, statistics, pass, copies, resolve, merge, split, purge]
  }
}

extension RequestForm where Request == FingerprintQuery {
  /// The form of the query of `dedupctl list`. Times are in seconds since 1970.
  static var errorQuery: Self {
    .values([
      "all": "boolean", "site": "string", "since": "integer", "first_since": "integer", "rule": "string",
      "silenced": "boolean", "sort": "string", "reverse": "boolean", "limit": "integer",
    ]) { query in
      WrittenRequest(query: [
        "all": "\(query.includesUnsuppressed)", "site": query.site, "since": query.since.map { "\($0.seconds)" },
        "first_since": query.firstSince.map { "\($0.seconds)" }, "rule": query.rule,
        "silenced": query.onlySilenced ? "true" : nil, "sort": query.sort.rawValue,
        "reverse": query.isReversed ? "true" : nil, "limit": "\(query.limit)",
      ])
    } read: { values in
      FingerprintQuery(
        includesUnsuppressed: values.isTrue("all"), site: values.text("site"), since: values.time("since"),
        firstSince: values.time("first_since"), rule: values.text("rule"), onlySilenced: values.isTrue("silenced"),
        sort: try values.choice("sort", "order of errors") ?? .last, isReversed: values.isTrue("reverse"),
        limit: values.integer("limit") ?? 100)
    }
  }
}

extension ControlClient {
  package func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry] {
    try await ask(Operations.listErrors, query)
  }

  package func error(id: String) async throws -> [ErrorDetail] {
    // An id consists of hexadecimal digits, and a complete fingerprint also has the colon after its version. Anything
    // else matches nothing and must not become part of a path.
    let isName = id.utf8.allSatisfy { $0 == UInt8(ascii: ":") || Character(UnicodeScalar($0)).isHexDigit }
    return id.isEmpty || !isName ? [] : try await ask(Operations.showError, id.lowercased())
  }

  package func export(after: Int, limit: Int) async throws -> ExportPage {
    try await ask(Operations.export, (after, limit))
  }

  package func groupings() async throws -> [GroupingEntry] { try await ask(Operations.groupings, ()) }

  package func statistics(days: Int) async throws -> StatisticsReport { try await ask(Operations.statistics, days) }

  package func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] {
    try await ask(Operations.pass, selector)
  }

  package func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] {
    try await ask(Operations.copies, request)
  }

  package func resolve(_ selector: ErrorSelector) async throws -> [ErrorName] {
    try await ask(Operations.resolve, selector)
  }

  package func merge(_ request: MergeRequest) async throws -> [MergeReport] {
    try await ask(Operations.merge, request)
  }

  package func split(_ selector: ErrorSelector) async throws -> [SplitReport] {
    try await ask(Operations.split, selector)
  }

  package func purge(_ request: PurgeRequest) async throws -> PurgeReport { try await ask(Operations.purge, request) }
}

extension StoredState {
  package func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] { throw Self.readOnly }

  package func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] { throw Self.readOnly }

  package func resolve(_ selector: ErrorSelector) async throws -> [ErrorName] { throw Self.readOnly }

  package func merge(_ request: MergeRequest) async throws -> [MergeReport] { throw Self.readOnly }

  package func split(_ selector: ErrorSelector) async throws -> [SplitReport] { throw Self.readOnly }

  package func purge(_ request: PurgeRequest) async throws -> PurgeReport { throw Self.readOnly }
}
