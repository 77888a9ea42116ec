import ArgumentParser
import ControlAPI
import DedupCore
import Fingerprint
import Foundation

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract:
      "Everything known of one error: counts, history, variants, its last traceback, why it got its fingerprint.")

  @Argument(help: "The id that list shows, or the beginning of it.")
  var id: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions
  @Flag(help: "Also print the first and the latest mail, and the first of each variant.")
  var mails = false

  func run() async throws {
    let details = which.chosen(try await relay.service(or: dedupctl.relay).error(id: id))
    guard !details.isEmpty else { throw CommandFailure(.nothingMatched, [id].noError) }
    if format.output == .json { return try details.forEach(Output.json) }
    for detail in details { show(detail) }
  }

  private func show(_ detail: ErrorDetail) {
    for (name, value) in Self.facts(detail) {
      Output.line(name.padding(toLength: 13, withPad: " ", startingAt: 0) + printable(value))
    }
    section("Last 24 hours")
    HourChart(Array(detail.history.suffix(24)), now: .now).lines(canDraw: Output.isUTF8).forEach(Output.line)
    section("Days")
    format.write(Self.days(detail.history))
    let variants = detail.variants ?? []
    // Of a single one there is nothing to say that was not said.
    if variants.count > 1 {
      section("Variants" + (detail.entry.variants.map { ": \($0)" } ?? ""))
      format.write(Self.table(variants))
    }
    if let traceback = Self.traceback(detail) {
      section("Last traceback")
      Output.line(printable(traceback, keepingLines: true))
    }
    section("Why it is this error")
    Output.line(printable(detail.explanation, keepingLines: true))
    if mails { showMails(detail, variants.count > 1 ? variants : []) }
  }

  private static func facts(_ detail: ErrorDetail) -> [(String, String)] {
    let entry = detail.entry
    var facts = [
      ("Error", entry.error), ("Place", entry.place), ("Site", entry.site), ("Fingerprint", entry.fingerprint),
      ("Seen", "\(entry.total) in all, \(entry.suppressed) of them held back"),
      ("Held back", "\(entry.heldBack) since the last mail that was forwarded"),
      ("First seen", Output.local(entry.firstSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Last seen", Output.local(entry.lastSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Window ends", entry.windowEnd.map { Output.local($0, "%Y-%m-%d %H:%M:%S %Z") } ?? "no window is open"),
      ("Episode", text(of: entry)),
    ]
    if let reason = entry.lastReason {
      facts.append(("Latest mail", reason + (entry.lastRule.map { ", by [rule \($0)]" } ?? "")))
    }
    if entry.passesNext { facts.append(("Next mail", "goes out, as dedupctl pass asked")) }
    for silence in detail.silences {
      facts.append(("Silence \(silence.id)", "\(silence.author): \(silence.reason); held back \(silence.held)"))
    }
    return facts
  }

  /// The present outbreak, and what is special about it.
  private static func text(of entry: ErrorEntry) -> String {
    let episode = entry.episode
    var text = "\(episode.total) since \(Output.local(episode.startedAt, "%Y-%m-%d %H:%M:%S %Z"))"
    if let quiet = episode.quietSecondsBefore {
      text += ", number \(episode.number), quiet for \(DisplayText.duration(.seconds(quiet))) before"
    }
    if episode.beginning == "regression" { text += ", after it had been resolved" }
    if let resolved = entry.resolvedAt { text += "; resolved \(Output.local(resolved, "%Y-%m-%d %H:%M:%S %Z"))" }
    if entry.awaitsDigest { text += "; the storm cap holds it back until the next digest" }
    return text
  }

  /// By the calendar of this machine; days without any are left out.
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

  /// Of text, place and caller only what differs between them.
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

  private func section(_ title: String) { Output.line("\n" + Output.styled(title, .bold)) }
}

// The mails that are kept.
extension ShowCommand {
  private func showMails(_ detail: ErrorDetail, _ variants: [VariantEntry]) {
    let damaged = detail.damagedMails ?? []
    show("First mail", detail.firstMail, isDamaged: damaged.contains("first"))
    show("Latest mail", detail.latestMail, isDamaged: damaged.contains("latest"))
    for variant in variants {
      show(
        "Variant \(printable(variant.name))",
        variant.isOfFirstMail ? "The first mail above is its first." : variant.firstMail,
        isDamaged: variant.isDamaged == true)
    }
  }

  private func show(_ title: String, _ mail: String?, isDamaged: Bool) {
    Output.line("\n--- \(title) ---")
    Output.line(
      mail.map { printable($0.replacing("\r\n", with: "\n"), keepingLines: true) }
        ?? (isDamaged ? "kept, but damaged" : "not kept"))
  }
}
