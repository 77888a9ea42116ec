import ControlAPI
import DedupCore
import DedupStore
import Fleet
import MailMessage

// One error of the fleet.
extension LiveControl {
  /// The most errors of the engine that are searched for one that this relay has not seen.
  private static let mostSearched = 1000

  /// Returns the errors whose id begins so, as the engine has them.
  func fleetErrors(
    _ id: String, _ member: FleetMember, _ relays: [FleetRelay]
  ) async throws -> [FleetErrorDetail] {
    let rows = try await store.errors(idPrefix: id, site: nil).map(\.row)
    let names = try await store.fleetTotals(of: Set(rows)).map { FleetNames.name(of: $0) }
    var found = try await member.errors(named: names)
    if found.isEmpty, !id.isEmpty {
      found = try await member.errors(limit: Self.mostSearched).filter { error in
        FleetNames.read(FleetNames.Info.self, error.info).map { Self.matches(id, $0.fingerprint) } ?? false
      }
    }
    var details: [FleetErrorDetail] = []
    for error in found {
      guard let entry = FleetErrorEntry(error) else { continue }
      let said = try await store.fleetRecords(of: FleetErrorName(name: error.error, fingerprint: entry.fingerprint))
      details.append(FleetErrorDetail(entry: entry, counts: Self.counts(error, relays), said: said.map(Self.words)))
    }
    return details.sorted { ($0.entry.id, $0.entry.site) < ($1.entry.id, $1.entry.site) }
  }

  private static func matches(_ id: String, _ fingerprint: String) -> Bool {
    fingerprint.hasPrefix(id) || fingerprint.drop { $0 != ":" }.dropFirst().hasPrefix(id)
  }

  /// Adds up the counts of each relay; of one that forgot the error and saw it again there are several.
  private static func counts(_ error: FleetError, _ relays: [FleetRelay]) -> [FleetErrorDetail.Count] {
    var counts: [String: FleetErrorDetail.Count] = [:]
    for (source, count) in error.counts {
      let id = String(source.prefix { $0 != "." })
      let info = relays.first { $0.store == id }.flatMap { FleetNames.read(FleetPresence.Info.self, $0.info) }
      let known = counts[id] ?? .init(relay: info?.name ?? id, total: 0, suppressed: 0)
      counts[id] = .init(
        relay: known.relay, total: known.total.saturatingAdding(count.mails),
        suppressed: known.suppressed.saturatingAdding(count.heldBack))
    }
    return counts.values.sorted { ($1.total, $0.relay) < ($0.total, $1.relay) }
  }

  /// Returns what an admin said, as a line.
  private static func words(_ record: FleetRecord) -> String {
    switch record.body {
    case .silence(let silence):
      let end =
        switch silence.end {
        case .at(let time): "until \(time.civil().rfc5322)"
        case .afterMails(let count): "for \(count) mails"
        case .aboveRate(let rate): "up to \(rate) mails an hour"
        case .whenResolved: "until it is resolved"
        }
      let reason = silence.reason.isEmpty ? "" : ": \(DisplayText.oneLine(silence.reason))"
      return "silenced \(end) by \(DisplayText.oneLine(silence.author))\(reason)"
    case .pass: return "the next mail is wanted"
    case .resolve: return "resolved"
    case .grouping(let grouping):
      guard let into = grouping.into else { return "split: each variant is an error of its own" }
      return "merged into \(FingerprintRow.id(of: into.fingerprint))"
    }
  }
}
