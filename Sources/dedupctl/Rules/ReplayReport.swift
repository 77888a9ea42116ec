import ControlAPI
import DedupConfig
import DedupCore
import Foundation
import HostSystem
import MailMessage
import Trial

/// The result of a replay of past mail with several settings, for people: a column for each setting.
struct ReplayReport {
  let played: (runs: [ReplayComparison.Run], first: Timestamp, last: Timestamp)
  let source: ReplayComparison.Source
  /// The maximum number of listed errors.
  let limit: Int
  /// True if tables have their head lines.
  let hasHead: Bool

  var runs: [ReplayComparison.Run] { played.runs }

  func lines(width: Int?) -> [String] {
    head + legend + [""] + sums(width) + days(width) + errors(width)
  }

  /// Returns each mail that goes out, setting by setting.
  func timeline(width: Int?) -> [String] {
    head
      + runs.enumerated().flatMap { index, run in
        ["", "\(Self.column(index))  \(printable(run.setting.name))", ""] + events(run.replay, width)
      }
  }

  /// Returns the name of a setting at the top of its column.
  private static func column(_ index: Int) -> String {
    if index == 0 { return "NOW" }
    guard index <= 26, let letter = UnicodeScalar(64 + index) else { return "#\(index)" }
    return String(Character(letter))
  }

  private var columns: [Table.Column] {
    runs.indices.map { Table.Column(title: Self.column($0), alignment: .right) }
  }

  private static func offset(_ time: Timestamp) -> Int { LocalTime.offset(at: time) / 60 }

  private static func minute(_ time: Timestamp) -> String {
    let civil = time.civil(offsetMinutes: offset(time))
    return civil.dateAndClock
  }
}

// The lines above the tables.
extension ReplayReport {
  private var head: [String] {
    guard let totals = runs.first?.replay.totals else { return [] }
    let reports = totals.mails - totals.ordinary - totals.doubtful
    var lines = [
      "\(DisplayText.count(totals.mails, "mail")) from \(Self.minute(played.first)) to \(Self.minute(played.last)): "
        + "\(DisplayText.count(reports, "error report")), \(DisplayText.number(totals.doubtful)) doubtful, "
        + "\(DisplayText.number(totals.ordinary)) ordinary."
    ]
    if source.undated > 0 {
      lines.append("\(DisplayText.count(source.undated, "mail")) without a date: taken as come with the one before.")
    }
    if source.ownMails > 0 {
      lines.append("Left out: \(DisplayText.count(source.ownMails, "mail")) of MailDedup itself.")
    }
    if source.copies > 0 {
      let copies = DisplayText.count(source.copies, "copy", "copies")
      lines.append("Left out: \(copies) that dedupctl release sent.")
    }
    if source.forwardedBefore > 0 {
      lines.append(
        "\(DisplayText.count(source.forwardedBefore, "mail")) came through a MailDedup, which held at least "
          + "\(DisplayText.count(source.heldBackBefore, "other")) back: those are not here.")
    }
    return lines
  }

  private var legend: [String] {
    guard runs.count > 1 else { return [] }
    return [""]
      + runs.enumerated().map { index, run in
        Self.column(index).padding(toLength: 5, withPad: " ", startingAt: 0) + printable(run.setting.name)
      }
  }
}

// The tables.
extension ReplayReport {
  private func sums(_ width: Int?) -> [String] {
    var table = Table([.init(title: "")] + columns)
    func add(_ name: String, _ value: (Replay) -> String) { table.add([name] + runs.map { value($0.replay) }) }
    func add(_ name: String, _ value: (ReplayTotals) -> Int) {
      add(name) { DisplayText.number(value($0.totals)) }
    }
    add("mails about errors in the inbox") { $0.inbox }
    for reason in words(\.forwarded) { add("  forwarded, \(reason)") { $0.forwarded[reason] ?? 0 } }
    for (name, count) in [("doubtful", \ReplayTotals.doubtful), ("digests", \.digests), ("milestones", \.milestones)]
      + [("all-clears", \.allClears)]
    where runs.contains(where: { $0.replay.totals[keyPath: count] > 0 }) {
      add("  \(name)") { $0[keyPath: count] }
    }
    add("  most within an hour") {
      DisplayText.number(DayCounts($0.totals.inboxByQuarter, Self.offset).busiestHour)
    }
    add("held back and counted") { $0.allHeldBack }
    for reason in words(\.heldBack) { add("  \(reason)") { $0.heldBack[reason] ?? 0 } }
    add("  told by the summary alone") { DisplayText.number($0.errors.map(\.untold).reduce(0, +)) }
    add("different errors") { DisplayText.number($0.errors.count) }
    add("  never told but in the summary") { DisplayText.number($0.errors.count { $0.firstTold == nil }) }
    add("  slowest first mail or digest") {
      let waits = $0.errors.compactMap { error in error.firstTold.map { $0.since(error.record.firstSeen) } }
      return DisplayText.duration(waits.max() ?? .zero)
    }
    add("  longest time that a count was hidden") {
      DisplayText.duration($0.errors.map(\.longestHidden).max() ?? .zero)
    }
    return table.lines(width: width, hasHead: hasHead)
  }

  /// Returns the reasons that occur with any of the settings, in alphabetical order.
  private func words(_ counts: KeyPath<ReplayTotals, [String: Int]>) -> [String] {
    Set(runs.flatMap { $0.replay.totals[keyPath: counts].keys }).sorted()
  }

  private func days(_ width: Int?) -> [String] {
    guard let first = runs.first else { return [] }
    let arrived = DayCounts(first.replay.totals.arrivedByQuarter, Self.offset)
    let inboxes = runs.map { DayCounts($0.replay.totals.inboxByQuarter, Self.offset) }
    var table = Table([.init(title: "DAY"), .init(title: "REPORTS", alignment: .right)] + columns)
    for day in DayCounts.days(of: [arrived] + inboxes) {
      table.add([day, DisplayText.number(arrived[day])] + inboxes.map { DisplayText.number($0[day]) })
    }
    return [""] + table.lines(width: width, hasHead: hasHead)
  }

  /// Returns the errors with the most mails, with the number of mails about each that go out.
  private func errors(_ width: Int?) -> [String] {
    guard let first = runs.first, limit > 0, !first.replay.errors.isEmpty else { return [] }
    let sent = runs.map { run in
      Dictionary(run.replay.errors.map { (ErrorName($0), $0) }) { first, _ in first }
    }
    var table = Table(
      [.init(title: "ID"), .init(title: "MAILS", alignment: .right)] + columns
        + [.init(title: "ERROR", isFlexible: true), .init(title: "PLACE", isFlexible: true)]
        + [.init(title: "SITE", isFlexible: true)])
    let errors = first.replay.errors.sorted { $0.record.total > $1.record.total }
    for error in errors.prefix(limit) {
      table.add(
        [FingerprintRow.id(of: error.fingerprint), DisplayText.number(error.record.total)]
          + sent.map { errors in errors[ErrorName(error)].map(Self.inbox) ?? "-" }
          + [error.title, error.place, error.site.name])
    }
    let rest = errors.count - min(limit, errors.count)
    return [""] + table.lines(width: width, hasHead: hasHead)
      + (rest > 0 ? ["… and \(DisplayText.count(rest, "more error"))"] : [])
  }

  /// Returns the mails about an error in the inbox: `2`, or `2+1d` with a digest that names it.
  private static func inbox(_ error: ReplayedError) -> String {
    DisplayText.number(error.sent) + (error.digests > 0 ? "+\(error.digests)d" : "")
  }

  private func events(_ replay: Replay, _ width: Int?) -> [String] {
    var table = Table([
      .init(title: "TIME"), .init(title: "REASON"), .init(title: "HELD", alignment: .right),
      .init(title: "COUNT", alignment: .right), .init(title: "ID"), .init(title: "ERROR", isFlexible: true),
      .init(title: "SITE", isFlexible: true),
    ])
    for event in replay.timeline {
      let error = event.errors.first.map { replay.errors[$0] }
      let isDigest = event.what == .digest
      table.add([
        Output.local(Date(event.at), "%Y-%m-%d %H:%M:%S"), event.reason,
        event.count.map { DisplayText.number($0.heldBack) } ?? "",
        event.count.map { DisplayText.number($0.total) } ?? "",
        isDigest ? "" : error.map { FingerprintRow.id(of: $0.fingerprint) } ?? "",
        isDigest ? DisplayText.count(event.errors.count, "error") : error?.title ?? "", event.site,
      ])
    }
    return table.lines(width: width, hasHead: hasHead)
  }
}

/// The identity of an error across replays.
private struct ErrorName: Hashable {
  var site: String
  var fingerprint: String

  init(_ error: ReplayedError) {
    site = error.site.key
    fingerprint = error.fingerprint
  }
}
