import ArgumentParser
import ControlAPI
import DedupCore
import Foundation
import HostSystem

struct TopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "What comes in at the moment: a view that renews itself, until ^C.",
    discussion: """
      PER MIN is measured between two views; in the first one it is the mean of the last hour. In a pipe it prints one \
      view.
      """)

  @Option(name: [.customShort("n"), .long], help: "So many views, then end.")
  var count: Int?
  @Option(help: ArgumentHelp("Between two views, 1 to 3600.", valueName: "seconds"))
  var every = 2
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if !(1...3600).contains(every) { throw ValidationError("--every: write a number from 1 to 3600") }
    if let count, count < 1 { throw ValidationError("--count: write a number from 1 on") }
  }

  private struct View: Encodable {
    var at: Date
    var totals: TotalsReport
    var queue: QueueReport
    var errors: [Line]
  }

  private struct Line: Encodable {
    var id: String
    var error: String
    var site: String
    var perMinute: Double
    var lastHour: Int
    var heldBack: Int
    var suppressed: Int
    var total: Int
  }

  func run() async throws {
    var before: (at: Date, totals: [String: Int])?
    var left = count ?? (Output.isTerminal ? Int.max : 1)
    while left > 0 {
      let service = try await relay.service(or: dedupctl.relay)
      let hourAgo = WallClock.now().advanced(by: .seconds(-3600))
      let (errors, status) = (
        try await service.errors(
          FingerprintQuery(includesUnsuppressed: true, since: hourAgo, sort: .rate, limit: Self.most)),
        try await service.status()
      )
      let now = Date.now
      let view = View(
        at: now, totals: status.totals, queue: status.queue,
        errors: errors.map { Self.line($0, before.map { (now.timeIntervalSince($0.at), $0.totals) }) })
      try show(view)
      before = (now, Dictionary(errors.map { ($0.name, $0.total) }) { $1 })
      left -= 1
      if left > 0 { try await Task.sleep(for: .seconds(every)) }
    }
  }

  /// Errors in a view.
  private static let most = 50

  private static func line(_ error: ErrorEntry, _ before: (seconds: Double, totals: [String: Int])?) -> Line {
    let lastHour = error.hours.suffix(1).reduce(0, +)
    var perMinute = Double(lastHour) / 60
    if let before, let total = before.totals[error.name], before.seconds > 0 {
      perMinute = Double(error.total - total) * 60 / before.seconds
    }
    return Line(
      id: error.id, error: error.error, site: error.site, perMinute: (perMinute * 10).rounded() / 10,
      lastHour: lastHour, heldBack: error.heldBack, suppressed: error.suppressed, total: error.total)
  }

  private func show(_ view: View) throws {
    if format.output == .json { return try Output.json(view) }
    if Output.isTerminal { Output.clearScreen() }
    Output.paragraph(
      "\(Output.local(view.at, "%H:%M:%S")): \(view.totals.accepted) mails, \(view.totals.forwarded) reports forwarded, "
        + "\(view.totals.suppressed) held back, \(view.queue.waiting) in the queue")
    var table = Table(
      [
        .init(title: "ID"), .init(title: "PER MIN", alignment: .right), .init(title: "THIS HOUR", alignment: .right),
      ] + ErrorTable.counts + [
        .init(title: "ERROR", isFlexible: true), .init(title: "SITE", isFlexible: true, isPath: true),
      ])
    for line in view.errors {
      table.add(
        [line.id, String(format: "%.1f", line.perMinute), "\(line.lastHour)"]
          + [line.total, line.suppressed, line.heldBack].map(String.init)
          + [line.error, line.site], line.perMinute > 0 ? .bold : .plain)
    }
    format.write(table)
  }
}

extension ErrorEntry {
  /// What tells it from all others: the same error in two sites is two.
  fileprivate var name: String { "\(fingerprint) \(site)" }
}
