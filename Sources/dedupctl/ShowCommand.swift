import ArgumentParser
import ControlAPI
import DedupCore
import Foundation

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Everything known of one error: counts, hours, why it got its fingerprint, its mail."
  )

  @Argument(help: "The id that list shows, or the beginning of it.")
  var id: String
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Flag(help: "Also print the first and the latest mail, and the first of each variant.")
  var mails = false

  func run() async throws {
    let details = try await relay.service(or: dedupctl.relay).error(id: id)
    guard !details.isEmpty else { throw CommandFailure(.nothingMatched, "no error has an id that starts with \(id)") }
    if format.output == .json { return try details.forEach(Output.json) }
    for detail in details { show(detail) }
  }

  private func show(_ detail: ErrorDetail) {
    let entry = detail.entry
    let facts = [
      ("Error", entry.error), ("Place", entry.place), ("Site", entry.site), ("Fingerprint", entry.fingerprint),
      ("Seen", "\(entry.total) in all, \(entry.suppressed) of them held back"),
      ("Held back", "\(entry.heldBack) since the last mail that was forwarded"),
      ("First seen", Output.local(entry.firstSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Last seen", Output.local(entry.lastSeen, "%Y-%m-%d %H:%M:%S %Z")),
      ("Window ends", entry.windowEnd.map { Output.local($0, "%Y-%m-%d %H:%M:%S %Z") } ?? "no window is open"),
      ("Episode", Self.text(of: entry)),
      ("Last 24 h", Bar.sparkline(entry.hours)),
    ]
    for (name, value) in facts {
      Output.line(name.padding(toLength: 13, withPad: " ", startingAt: 0) + printable(value))
    }
    Output.line("\n" + printable(detail.explanation, keepingLines: true))
    if mails {
      let damaged = detail.damagedMails ?? []
      section("First mail", detail.firstMail, isDamaged: damaged.contains("first"))
      section("Latest mail", detail.latestMail, isDamaged: damaged.contains("latest"))
      let variants = detail.variants ?? []
      // Of a single one there is nothing to say that was not said.
      if variants.count > 1 { variants.forEach(section) }
    }
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

  private func section(_ variant: VariantEntry) {
    let times = [variant.firstSeen, variant.lastSeen].map { Output.local($0, "%Y-%m-%d %H:%M:%S") }
    let title = "Variant \(printable(variant.name)): \(variant.total) seen, first \(times[0]), last \(times[1])"
    section(
      title, variant.isOfFirstMail ? "The first mail above is its first." : variant.firstMail,
      isDamaged: variant.isDamaged == true)
  }

  private func section(_ title: String, _ mail: String?, isDamaged: Bool) {
    Output.line("\n--- \(title) ---")
    Output.line(
      mail.map { printable($0.replacing("\r\n", with: "\n"), keepingLines: true) }
        ?? (isDamaged ? "kept, but damaged" : "not kept"))
  }
}
