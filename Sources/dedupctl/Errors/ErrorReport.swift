import ControlAPI
import DedupCore
import Fingerprint
import Foundation

/// One error in full, for people.
struct ErrorReport {
  let detail: ErrorDetail
  /// The error that it is part of since a merge, or nil.
  var whole: ErrorName?
  var hasHead = true

  /// Returns the lines of the report.
  ///
  /// - Parameter width: The columns of the terminal; nil means no limit.
  func lines(width: Int?) -> [String] {
    let history = HourChart(Array(detail.history.suffix(24)), now: .now).lines(
      canDraw: Output.isUTF8, width: width)
    return facts.flatMap { Self.fact($0.0, $0.1, width) }
      + Self.section("Last 24 hours") + history
      + Self.section("Days") + Self.days(detail.history).lines(width: width, hasHead: hasHead) + variants(width)
      + Self.text("Last traceback", Self.traceback(detail)) + Self.text("Why it is this error", detail.explanation)
  }

  /// Returns the lines of a fact, broken at spaces if the terminal is narrower.
  private static func fact(_ name: String, _ value: String, _ width: Int?) -> [String] {
    let text = printable(value)
    let lines = width.map { DisplayText.wrap(text, columns: max(20, $0 - 13)) } ?? [text]
    return lines.enumerated().map { DisplayText.padded($0 == 0 ? name : "", columns: 13) + $1 }
  }

  /// Returns the variants; empty for a single one, since everything about it was already said.
  private func variants(_ width: Int?) -> [String] {
    guard let variants = detail.variants, variants.count > 1 else { return [] }
    return Self.section("Variants" + (detail.entry.variants.map { ": \($0)" } ?? ""))
      + Self.table(variants).lines(width: width, hasHead: hasHead)
  }

  private static func text(_ title: String, _ text: String?) -> [String] {
    guard let text else { return [] }
    return section(title)
      + printable(text, keepingLines: true).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private static func section(_ title: String) -> [String] { ["", Output.styled(title, .bold)] }

  private var facts: [(String, String)] {
    let entry = detail.entry
    var facts = [
      ("Error", entry.error), ("Place", entry.place), ("Site", entry.site), ("Fingerprint", entry.fingerprint),
      ("Seen", "\(entry.total) in all, \(entry.suppressed) of them held back"),
      ("Held back", "\(entry.heldBack) since the last mail that was forwarded"),
      ("First seen", Output.local(entry.firstSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Last seen", Output.local(entry.lastSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Window ends", entry.windowEnd.map { Output.local($0, "%Y-%m-%d %H:%M:%S %Z") } ?? "no window is open"),
      ("Episode \(entry.episode.number)", Self.text(of: entry)),
    ]
    if let whole { facts.append(("Part of", "\(whole.id) \(whole.error), which has its counts")) }
    if let reason = entry.lastReason {
      facts.append(("Latest mail", reason + (entry.lastRule.map { ", by [rule \($0)]" } ?? "")))
    }
    if entry.passesNext { facts.append(("Next mail", "goes out, as dedupctl pass asked")) }
    for silence in detail.silences {
      let said = [silence.author, silence.reason].filter { !$0.isEmpty }.joined(separator: ": ")
      let state = "ends \(silence.end); held back \(silence.held)"
      facts.append(("Silence \(silence.id)", said.isEmpty ? state : "\(said); \(state)"))
    }
    return facts
  }

  /// Returns the present outbreak, and what is special about it.
  private static func text(of entry: ErrorEntry) -> String {
    let episode = entry.episode
    let mails = DisplayText.count(episode.total, "mail")
    var text = "\(mails) since \(Output.local(episode.startedAt, "%Y-%m-%d %H:%M:%S %Z"))"
    let quiet = episode.quietSecondsBefore.map { "quiet for \(DisplayText.duration(.seconds($0)))" }
    switch (episode.beginning == "regression", quiet) {
    case (true, let quiet?): text += " (resolved before, then \(quiet))"
    case (true, nil): text += " (resolved before)"
    case (false, let quiet?): text += " (\(quiet) before)"
    case (false, nil): break
    }
    if let resolved = entry.resolvedAt { text += "; resolved \(Output.local(resolved, "%Y-%m-%d %H:%M:%S %Z"))" }
    if entry.awaitsDigest { text += "; the storm cap holds it back until the next digest" }
    return text
  }

  /// Returns the counts by the local calendar of this machine; days without any mail are left out.
  private static func days(_ hours: [Int]) -> Table {
    var table = Table([.init(title: "DAY"), .init(title: "SEEN", alignment: .right), .init(title: "BY THE HOUR")])
    var days: [(day: String, hours: [Int])] = []
    for (index, count) in hours.enumerated() {
      let day = Output.local(.now.addingTimeInterval(Double(index - hours.count + 1) * 3600), "%Y-%m-%d")
      if days.last?.day == day { days[days.count - 1].hours.append(count) } else { days.append((day, [count])) }
    }
    for (day, hours) in days where hours.contains(where: { $0 > 0 }) {
      table.add([day, "\(hours.reduce(0, +))", Bar.sparkline(hours)])
    }
    return table
  }

  /// Returns the table of variants. Of text, place and caller, it only shows those that differ between them.
  private static func table(_ variants: [VariantEntry]) -> Table {
    let traits: [(title: String, value: (VariantEntry) -> String?)] = [
      ("TEXT", \.text), ("PLACE", \.place), ("CALLER", \.caller),
    ].filter { trait in Set(variants.map(trait.value)).count > 1 }
    var table = Table(
      [.init(title: "VARIANT"), .init(title: "SEEN", alignment: .right), .init(title: "LAST SEEN")]
        + traits.map { .init(title: $0.title, isFlexible: true) })
    for variant in variants {
      table.add(
        [variant.name, "\(variant.total)", Output.time(variant.lastSeen)] + traits.map { $0.value(variant) ?? "-" })
    }
    return table
  }

  private static func traceback(_ detail: ErrorDetail) -> String? {
    let mail = detail.latestMail ?? detail.firstMail
    return mail.flatMap { ReportReader().traceback(Array($0.utf8)) }
  }
}
