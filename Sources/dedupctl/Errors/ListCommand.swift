import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import Foundation
import HostSystem

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the errors whose mails were held back, latest first.",
    discussion: """
      TOTAL counts all mails of an error, HELD those held back, SINCE LAST MAIL those held back since the last one \
      that went out. Rows of one error are kept together; where they share a site name, SITE says how they differ. \
      The bar shows the arrivals of the last 12 hours; · is an hour without any. VARIANTS counts the different texts \
      and places in an error's mails. NOTE says what is special: new (first seen within a day), silenced, resolved, \
      digest (held back by the storm cap), pass (its next mail goes out).
      """)

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var watching: WatchOptions
  @Flag(help: "Include errors with nothing held back yet; --new and --active always do.")
  var all = false
  @Flag(help: "Only errors seen for the first time within 24 hours, or since --since.")
  var new = false
  @Flag(help: "Only errors seen within the last hour.")
  var active = false
  @Flag(help: "Only errors that a silence covers.")
  var silenced = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only errors seen since: 30min, 2h, 7d, or 2026-11-26, or 2026-11-26T14:00.", valueName: "time"),
    transform: PointInTime.init)
  var since: PointInTime?
  @Option(help: "Only sites of this name; * stands for any text.", completion: .sites)
  var site: String?
  @Option(help: "Only errors whose latest mail this rule decided.", completion: .rules)
  var rule: String?
  @Option(
    help: """
      The order: last (latest first), first (newest first), held, since-last-mail, total, rate (of the last hour), \
      name.
      """)
  var sort = SortOrder.last
  @Flag(help: "The errors of the whole fleet as its engine has them, latest first; other filters do not apply.")
  var fleet = false
  @Flag(help: "Reverse the order.")
  var reverse = false
  @Option(parsing: .unconditional, help: "At most this many.")
  var limit = 100

  func validate() throws {
    try Self.check("--limit", limit)
  }

  enum SortOrder: String, ExpressibleByArgument, CaseIterable {
    case last, first, held, total, rate, name
    case sinceLastMail = "since-last-mail"
  }

  func run() async throws {
    try await watching.repeating {
      if fleet { return try await listFleet() }
      let service = try await relay.service(or: dedupctl.relay)
      let errors = try await service.errors(query(at: WallClock.now()))
      if errors.isEmpty, let site { try await service.mustKnow(site) }
      if format.output == .json { return try errors.forEach(Output.json) }
      if !errors.isEmpty { format.write(ErrorTable.of(errors)) }
      if format.noHeaders { return }
      if errors.isEmpty { Output.line(nothing) }
      if !isFiltered, let doubts = try await service.status().queue.doubts, doubts > 0 {
        Output.line("")
        Output.line("\(DisplayText.count(doubts, "more mail")) held back that may be error reports, too many alike.")
        Output.line("See them with: dedupctl queue list --held")
      }
    }
  }

  private func listFleet() async throws {
    let report = try await relay.service(or: dedupctl.relay).fleet(FleetRequest(limit: limit))
    if report.engine == nil { throw FleetCommand.noFleet }
    if let problem = report.problem { throw CommandFailure(.failure, "the engine was not asked: \(problem)") }
    let errors = report.errors ?? []
    if format.output == .json { return try errors.forEach(Output.json) }
    if !errors.isEmpty { format.write(ErrorTable.of(fleet: errors)) }
    if errors.isEmpty, !format.noHeaders { Output.line("The fleet has counted no error yet.") }
  }

  private var isFiltered: Bool { new || active || silenced || since != nil || site != nil || rule != nil }

  private var nothing: String {
    isFiltered ? "No error matches." : all ? "No error was seen yet." : "Nothing was held back yet."
  }

  private func query(at now: Timestamp) -> FingerprintQuery {
    let since = self.since?.before(now)
    let lastHour = active ? now.advanced(by: .seconds(-3600)) : nil
    return FingerprintQuery(
      includesUnsuppressed: all || new || active, site: site, since: [since, lastHour].compactMap { $0 }.max(),
      firstSince: new ? since ?? now.advanced(by: .seconds(-86_400)) : nil, rule: rule, onlySilenced: silenced,
      sort: FingerprintQuery.Sort(rawValue: sort.rawValue) ?? .last, isReversed: reverse, limit: limit)
  }
}

/// The table of errors, a line each.
enum ErrorTable {
  static func of(_ errors: [ErrorEntry]) -> Table {
    let hasVariants = errors.contains { $0.variants != nil }
    var table = Table(
      [.init(title: "ID")] + counts + [
        .init(title: "NOTE"), .init(title: "ERROR", isFlexible: true),
        .init(title: "PLACE", isFlexible: true, isPath: true),
      ] + (hasVariants ? [.init(title: "VARIANTS")] : []) + [
        .init(title: "SITE", isFlexible: true, isPath: true), .init(title: "FIRST SEEN"), .init(title: "LAST SEEN"),
        .init(title: "WINDOW ENDS"), .init(title: "LAST 12 H"),
      ])
    for (error, site) in gathered(errors) {
      table.add(
        [error.id] + counts(of: error) + [error.note, error.error, error.place]
          + (hasVariants ? [error.variants ?? ""] : []) + [
            site, Output.time(error.firstSeen), Output.time(error.lastSeen),
            error.windowEnd.map { Output.time($0) } ?? "-", Bar.sparkline(Array(error.hours.suffix(12))),
          ], error.style)
    }
    return table
  }

  /// Returns the table of errors as the whole fleet counts them.
  static func of(fleet errors: [FleetErrorEntry]) -> Table {
    var table = Table([
      .init(title: "ID"), .init(title: "TOTAL", alignment: .right), .init(title: "HELD", alignment: .right),
      .init(title: "RELAYS", alignment: .right), .init(title: "ERROR", isFlexible: true),
      .init(title: "PLACE", isFlexible: true, isPath: true), .init(title: "SITE", isFlexible: true, isPath: true),
      .init(title: "LAST SEEN"),
    ])
    for error in errors {
      table.add([
        error.id, "\(error.total)", "\(error.suppressed)", "\(error.relays)", error.error ?? "", error.place ?? "",
        error.site, Output.time(error.lastSeen),
      ])
    }
    return table
  }

  static let counts: [Table.Column] = [
    .init(title: "TOTAL", alignment: .right), .init(title: "HELD", alignment: .right),
    .init(title: "SINCE LAST MAIL", alignment: .right),
  ]

  static func counts(of error: ErrorEntry) -> [String] {
    [error.total, error.suppressed, error.heldBack].map(String.init)
  }

  /// Returns the rows of the same error next to each other, at the position of its first row. Each has its site, and
  /// the difference from other sites of the same name.
  private static func gathered(_ errors: [ErrorEntry]) -> [(error: ErrorEntry, site: String)] {
    var rows: [String: [ErrorEntry]] = [:]
    var order: [String] = []
    for error in errors {
      if rows[error.fingerprint] == nil { order.append(error.fingerprint) }
      rows[error.fingerprint, default: []].append(error)
    }
    return order.flatMap { fingerprint in
      let same = rows[fingerprint] ?? []
      return same.map { error in
        let namesakes = same.filter { $0.site == error.site }.map(\.siteTraits)
        let difference = error.siteTraits.difference(from: namesakes)
        return (error, error.site + (difference.map { " (\($0))" } ?? ""))
      }
    }
  }
}

extension ErrorEntry {
  var isNew: Bool { firstSeen.timeIntervalSinceNow > -86_400 }

  /// The spread of variants, e.g. `3 texts, 2 places`; nil if there is one of each.
  var variants: String? { VariantSpread(texts: texts ?? 0, places: places ?? 0).words }

  fileprivate var siteTraits: SiteTraits {
    var traits = SiteTraits()
    (traits.prefix, traits.sender, traits.recipients) = (subjectPrefix ?? "", sender ?? "", recipients ?? [])
    return traits
  }

  /// The remark in the NOTE column; empty if nothing is special about the error.
  var note: String {
    if isSilenced { return "silenced" }
    if resolvedAt != nil { return "resolved" }
    if awaitsDigest { return "digest" }
    if passesNext { return "pass" }
    return isNew ? "new" : ""
  }

  var style: Style { isSilenced || resolvedAt != nil ? .dim : isNew ? .yellow : .plain }
}
