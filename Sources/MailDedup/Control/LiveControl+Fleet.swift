import ControlAPI
import DedupConfig
import DedupCore
import Fleet
import Foundation

// The fleet, from the engine and from what this relay ruled.
extension LiveControl {
  func fleet(_ request: FleetRequest) async throws -> FleetReport {
    guard let engine = relay.fleet.settings.engine else {
      return FleetReport(engine: nil, rulings: .init(FleetMember.Counts()))
    }
    guard let member = relay.fleet.member else {
      throw ControlProblem("this relay has not joined its fleet yet; the log says why")
    }
    var report = FleetReport(engine: engine.description, rulings: .init(member.counts))
    let standing = member.client.standing
    report.version = standing.facts?.version
    report.warnings = standing.facts?.warnings ?? []
    report.problem = standing.facts == nil ? "\(standing.failure ?? .notConnected)" : nil
    do {
      guard standing.facts != nil else { return report }
      let relays = try await member.relays()
      report.relays = relays.map { .init($0, asked: member.settings.store) }
      if let id = request.error {
        report.details = try await fleetErrors(id, member, relays)
      } else if request.limit > 0 {
        report.errors = try await member.errors(limit: request.limit).compactMap { FleetErrorEntry($0) }
      } else {
        report.sites = likeSites(try await member.errors(limit: Self.comparedErrors))
      }
    } catch let failure as EngineFailure {
      report.problem = "\(failure)"
    }
    return report
  }
}

extension LiveControl {
  /// The number of the latest errors whose sites are compared.
  private static let comparedErrors = 200

  private func likeSites(_ errors: [FleetError]) -> [FleetReport.LikeSites]? {
    let seen = errors.compactMap { FleetNames.read(FleetNames.Info.self, $0.info) }.map {
      SiteSuggestion.Seen(name: $0.site, prefix: $0.prefix ?? "", sender: $0.sender ?? "")
    }
    let found = SiteSuggestion.all(for: seen, besides: relay.judge.value.sites).map {
      FleetReport.LikeSites(seen: $0.seen, lines: $0.lines)
    }
    return found.isEmpty ? nil : found
  }
}

extension FleetReport.Rulings {
  init(_ counts: FleetMember.Counts) {
    self.init(
      won: counts.won, waited: counts.waited, covered: counts.covered, away: counts.alone[.away] ?? 0,
      stale: counts.alone[.stale] ?? 0, late: counts.late)
  }
}

extension FleetReport.Relay {
  fileprivate init(_ relay: FleetRelay, asked store: String) {
    let info = FleetNames.read(FleetPresence.Info.self, relay.info)
    self.init(
      name: info?.name ?? relay.store, version: info?.version ?? "", seenSeconds: Int(relay.seen / .seconds(1)),
      alone: info?.alone ?? 0, isAsked: relay.store == store)
  }
}

extension FleetErrorEntry {
  /// Creates the entry of an error; nil if no relay said yet what it is.
  init?(_ error: FleetError) {
    guard let info = FleetNames.read(FleetNames.Info.self, error.info) else { return nil }
    self.init(
      id: FingerprintRow.id(of: info.fingerprint), fingerprint: info.fingerprint, site: info.site, total: error.mails,
      suppressed: error.heldBack, relays: error.stores,
      lastSeen: Date(Timestamp(milliseconds: info.lastSeen)))
    (self.error, place) = (info.title, info.place)
  }
}
