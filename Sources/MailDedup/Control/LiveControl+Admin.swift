import ControlAPI
import DedupCore
import DedupStore
import HostSystem
import MailMessage

// The admin's decisions about errors.
extension LiveControl {
  func silences(all: Bool) async throws -> [SilenceEntry] { try await stored.silences(all: all) }

  func silence(_ request: SilenceRequest) async throws -> [SilenceEntry] {
    let now = WallClock.now()
    let end = try request.end(now: now)
    var made: [SilenceEntry] = []
    for (scope, error) in try await scopes(of: request) {
      let silence = Silence(createdAt: now, author: request.author, reason: request.reason, scope: scope, end: end)
      let kept = try await store.silence(silence, isShared: relay.fleet.isOn)
      made.append(SilenceEntry(SilenceRow(silence: kept, error: error), now: now))
    }
    return made
  }

  func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry] {
    guard try await store.endSilence(Int64(id), by: author, at: WallClock.now()) != nil else { return [] }
    return try await stored.silences(all: true).filter { $0.id == id }
  }

  func resolve(_ selector: ErrorSelector) async throws -> [ErrorName] {
    let errors = try await selected(selector)
    try await store.resolve(errors.map(\.row), at: WallClock.now(), isShared: relay.fleet.isOn)
    return errors.map(ErrorName.init)
  }

  func merge(_ request: MergeRequest) async throws -> [MergeReport] {
    var reports: [MergeReport] = []
    for whole in try await selected(request.into) {
      var others: [NamedError] = []
      for id in request.ids { others += try await selected(ErrorSelector(id: id, site: whole.site)) }
      try await agree(.merge(others.map(\.row), into: whole.row))
      let merged = Set(try await store.merge(others.map(\.row), into: whole.row))
      guard !merged.isEmpty else { continue }
      reports.append(
        MergeReport(
          into: ErrorName(whole), merged: others.filter { merged.contains($0.row) }.map(ErrorName.init)))
    }
    return reports
  }

  func split(_ selector: ErrorSelector) async throws -> [SplitReport] {
    var reports: [SplitReport] = []
    for error in try Self.one(try await store.errors(idPrefix: selector.id, site: selector.site)) {
      try await agree(.split(error.row))
      switch try await store.split(error.row) {
      case .released(let count): reports.append(.init(error: ErrorName(error), released: count, wasSplit: false))
      case .byVariant: reports.append(.init(error: ErrorName(error), released: 0, wasSplit: false))
      case .singleVariant:
        let name = "\(error.id) \(DisplayText.oneLine(error.title))"
        throw ControlProblem("all mails of \(name) are of one variant, so there is nothing to split", .refused)
      case .alreadySplit: reports.append(.init(error: ErrorName(error), released: 0, wasSplit: true))
      case nil: continue
      }
    }
    return reports
  }

  /// Sets at the engine of the fleet which mails are one error, before that holds here.
  ///
  /// - Throws: `ControlProblem` if the engine does not answer, or if another relay was first.
  private func agree(_ change: GroupingChange) async throws {
    guard relay.fleet.isOn else { return }
    guard let admin = relay.fleet.admin, await admin.step() else {
      throw ControlProblem(FleetAdmin.Refusal.away.description)
    }
    let changes = try await store.fleetGroupings(change)
    if changes.isEmpty { return }
    do throws(FleetAdmin.Refusal) { try await admin.change(changes) } catch {
      throw ControlProblem(error.description)
    }
    try await store.keep(changes.map(\.record), at: WallClock.now())
  }

  /// Returns the errors that mails count for: a merged error stands for the one it was merged into.
  ///
  /// - Throws: `ControlProblem` if the beginning of an id matches several errors.
  func selected(_ selector: ErrorSelector) async throws -> [NamedError] {
    let named = try await store.errors(idPrefix: selector.id, site: selector.site)
    let whole = named.filter { $0.mergedInto == nil }
    if !whole.isEmpty { return try Self.one(whole) }
    var into: [NamedError] = []
    for row in Set(named.compactMap(\.mergedInto)).sorted() {
      if let error = try await store.error(row: row) { into.append(error) }
    }
    return try Self.one(into)
  }

  /// Returns the errors if they are the same one, in whatever sites.
  ///
  /// - Throws: `ControlProblem` if they are several.
  static func one(_ errors: [NamedError]) throws -> [NamedError] {
    let ids = Set(errors.map(\.fingerprint))
    guard ids.count > 1 else { return errors }
    let names = errors.prefix(5).map { "\($0.id) \(DisplayText.oneLine($0.title))" }.joined(separator: "; ")
    throw ControlProblem("that matches several errors (\(names)); type more of the id", .ambiguous)
  }

  private func scopes(of request: SilenceRequest) async throws -> [(Silence.Scope, NamedError?)] {
    let pattern = Silence.Pattern(title: request.title, place: request.place, site: request.site)
    switch (request.selector, request.rule, pattern == Silence.Pattern()) {
    case (let selector?, nil, true): return try await selected(selector).map { (.error($0.row), $0) }
    case (nil, let rule?, true): return [(.rule(rule), nil)]
    case (nil, nil, false):
      try pattern.check()
      return [(.matching(pattern), nil)]
    default: throw ControlProblem("a silence is about an error, a rule, or patterns: say one of them")
    }
  }
}

extension SilenceRequest {
  fileprivate func end(now: Timestamp) throws -> Silence.End {
    switch (seconds, mails, rate, untilResolved) {
    case (let seconds?, nil, nil, false) where seconds > 0: .at(now.advanced(by: .seconds(seconds)))
    case (nil, let mails?, nil, false) where mails > 0: .afterMails(mails)
    case (nil, nil, let rate?, false) where rate > 0: .aboveRate(rate)
    case (nil, nil, nil, true): .whenResolved
    default:
      throw ControlProblem(
        "a silence ends after a time, after a number of mails, above a rate, or when resolved: say one of them, above 0"
      )
    }
  }
}

extension Silence.Pattern {
  /// Checks the syntax of the patterns.
  ///
  /// - Throws: `ControlProblem` for a pattern with a mistake.
  fileprivate func check() throws {
    for pattern in [title, place, site].compactMap({ $0 }) {
      do throws(Glob.Fault) { _ = try Glob(pattern) } catch {
        throw ControlProblem("the pattern \"\(pattern)\" \(error.rawValue)")
      }
    }
  }
}
