import DedupCore
import DedupStore
import EventLog
import Fleet
import Foundation
import HostSystem
import Logging
import Synchronization

/// A carrier of what admins said, between the store of this relay and the engine, each second.
///
/// Times travel by the engine's clock, so that a silence of an hour lasts an hour on a relay whose clock is wrong.
final class FleetAdmin: Sendable {
  private struct State {
    /// The generation of the engine that `known` is about; nil: of none.
    var generation: String?
    /// The change at the engine up to which all is known here.
    var known: Int64 = 0
    /// True once all that this relay says was pushed to that generation.
    var isInStep = false
  }

  private let member: FleetMember
  private let store: SQLiteStore
  private let logger: Logger
  private let state = Mutex(State())
  private static let pause = Duration.seconds(1)
  /// The most octets of one record. A name of an admin and a reason fit in well.
  private static let mostOctets = 16_384

  init(member: FleetMember, store: SQLiteStore, logger: Logger) {
    (self.member, self.store, self.logger) = (member, store, logger)
  }

  func run() async {
    while !Task.isCancelled {
      _ = await step()
      try? await Task.sleep(for: Self.pause)
    }
  }

  /// Learns what others said and says what is new here.
  ///
  /// - Returns: true if this relay and the engine know the same now.
  func step() async -> Bool {
    do {
      guard let offset = try await learn() else { return false }
      while true {
        let records = try await store.fleetRecordsToPush(limit: FleetScript.mostRecords)
        if records.isEmpty { break }
        let news = await member.exchange(records.compactMap { wire($0, offset) }, after: state.withLock { $0.known })
        guard news != nil else { return false }
        try await store.fleetRecordsPushed(records)
      }
      return state.withLock { state in
        state.isInStep = state.generation == member.generation
        return state.isInStep
      }
    } catch {
      logger.event(.debug, .fleetRecordsFailed, [.error: "\(error)"])
      return false
    }
  }

  /// Learns all that changed at the engine.
  ///
  /// - Returns: what has to be added to times of this relay to get those of the engine; nil if it did not answer.
  private func learn() async throws -> Duration? {
    while true {
      let known = state.withLock { $0.known }
      guard let news = await member.exchange([], after: known) else { return nil }
      let now = WallClock.now()
      let offset = Timestamp(milliseconds: news.engineTime).since(now)
      let generation = member.generation
      if state.withLock({ $0.generation != generation }) {
        try await store.fleetForgot(at: now)
        state.withLock { $0 = State(generation: generation) }
        continue
      }
      if news.records.isEmpty { return offset }
      let records = news.records.compactMap { record($0, offset) }
      let count = try await store.receive(records, at: now)
      if count > 0 { logger.event(.info, .fleetRecords, [.new: "\(count)"]) }
      state.withLock { if $0.generation == generation { $0.known = max($0.known, news.last) } }
    }
  }

  /// Asks the engine to set records that say which mails are one error.
  func change(_ changes: [FleetGroupingChange]) async throws(Refusal) {
    let wires = changes.compactMap { change in wire(change.record, .zero).map { (record: $0, known: change.known) } }
    switch await member.compareAndSet(wires) {
    case true?: return
    case false?: throw .changed
    case nil: throw .away
    }
  }

  /// The reason why a merge or a split was refused.
  enum Refusal: String, Error, CustomStringConvertible {
    case away = """
      the engine of the fleet does not answer, and relays that merge or split apart from each other could not be \
      reconciled; nothing was changed here; try again when dedupctl fleet shows the engine
      """
    case changed = "another relay merged or split the same error at this moment; look again, and try again"

    var description: String { rawValue }
  }

  private func wire(_ record: FleetRecord, _ offset: Duration) -> WireRecord? {
    let body = FleetNames.json(record.body.moved(by: offset))
    guard !body.isEmpty, body.utf8.count <= Self.mostOctets else { return nil }
    return WireRecord(name: record.name, version: record.version, body: body)
  }

  /// Reads a record; nil if it is none, or one of a later version.
  private func record(_ wire: WireRecord, _ offset: Duration) -> FleetRecord? {
    guard wire.body.utf8.count <= Self.mostOctets, wire.name.utf8.count <= 200,
      let body = FleetNames.read(FleetRecord.Body.self, wire.body)
    else { return nil }
    return FleetRecord(name: wire.name, version: wire.version, body: body.moved(by: .zero - offset))
  }
}
