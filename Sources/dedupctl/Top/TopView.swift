import ControlAPI
import DedupCore
import Foundation
import HostSystem

/// The content of `dedupctl top` at one moment.
struct TopView: Encodable {
  struct Line: Encodable {
    /// The identity `ErrorEntry.row`, for this program only.
    var row: String
    var id: String
    var error: String
    var site: String
    /// The number of mails per minute, or nil while it is unknown: mail came within the last minute, and it is the
    /// first view.
    var perMinute: Double?
    var lastHour: Int
    var heldBack: Int
    var suppressed: Int
    var total: Int
    /// The remark as in the table of `list`.
    var note: String
    fileprivate var style: Style

    private enum CodingKeys: String, CodingKey {
      case id, error, site, perMinute, lastHour, heldBack, suppressed, total, note
    }

    fileprivate var rate: String {
      perMinute.map { String(format: $0 == $0.rounded() ? "%.0f" : "%.1f", $0) } ?? "-"
    }
  }

  var at: Date
  var totals: TotalsReport
  var queue: QueueReport
  var errors: [Line]
  /// True if the store was read because the daemon is down.
  private var isStored: Bool

  private enum CodingKeys: String, CodingKey { case at, totals, queue, errors }

  /// The largest number of errors in a view.
  private static let most = 50

  /// Requests the errors of the last hour, the busiest first.
  static func look(_ service: any ControlService, _ rate: inout ArrivalRate) async throws -> TopView {
    let hourAgo = WallClock.now().advanced(by: .seconds(-3600))
    let query = FingerprintQuery(includesUnsuppressed: true, since: hourAgo, sort: .rate, limit: most)
    let (errors, status) = (try await service.errors(query), try await service.status())
    let elapsed = start.duration(to: .now) / .seconds(1)
    rate.look(at: elapsed, Dictionary(errors.map { ($0.row, $0.total) }) { $1 })
    return TopView(
      at: .now, totals: status.totals, queue: status.queue, errors: errors.map { line($0, rate) },
      isStored: status.daemon == nil)
  }

  private static let start = ContinuousClock.now

  private static func line(_ error: ErrorEntry, _ rate: ArrivalRate) -> Line {
    let perMinute =
      error.lastSeen.timeIntervalSinceNow < -60
      ? 0 : rate.perMinute(error.row, most: error.hours.suffix(2).reduce(0, +))
    return Line(
      row: error.row, id: error.id, error: error.error, site: error.site,
      perMinute: perMinute.map { ($0 * 10).rounded() / 10 }, lastHour: error.hours.last ?? 0,
      heldBack: error.heldBack, suppressed: error.suppressed, total: error.total, note: error.note, style: error.style)
  }

  // MARK: - For people

  /// Returns the line above the table.
  ///
  /// - Parameter saysIfDown: False if it is reported elsewhere that the daemon is down.
  func head(saysIfDown: Bool = true) -> String {
    "\(Output.local(at, "%H:%M:%S")): \(isStored && saysIfDown ? "the daemon is down; " : "")"
      + "\(DisplayText.count(totals.accepted, "mail")), \(DisplayText.count(totals.forwarded, "report")) forwarded, "
      + "\(totals.suppressed) held back, \(queue.waiting) in the queue"
  }

  /// Returns the table of errors.
  ///
  /// - Parameter chosen: The index of the row that the user has chosen; nil without a choice.
  func table(chosen: Int? = nil) -> Table {
    var table = Table(
      [.init(title: chosen == nil ? "ID" : "  ID"), .init(title: "PER MIN", alignment: .right)]
        + [.init(title: "THIS HOUR", alignment: .right)] + ErrorTable.counts + [
          .init(title: "NOTE"),
          .init(title: "ERROR", isFlexible: true), .init(title: "SITE", isFlexible: true, isPath: true),
        ])
    for (index, line) in errors.enumerated() {
      let mark = chosen == nil ? "" : index == chosen ? "> " : "  "
      table.add(
        [mark + line.id, line.rate] + [line.lastHour, line.total, line.suppressed, line.heldBack].map(String.init)
          + [line.note, line.error, line.site],
        index == chosen ? .reversed : line.style == .dim ? .dim : line.perMinute ?? 0 > 0 ? .bold : .plain)
    }
    return table
  }
}
