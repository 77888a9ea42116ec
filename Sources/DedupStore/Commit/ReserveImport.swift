package import DedupCore
import GRDB
import MailMessage

extension SQLiteStore {
  /// The setting that holds the progress of the import from the reserve.
  private static let reserveSetting = "reserve.imported"

  /// Adds the counts that `reserve` took while the store had no room, and empties it. They count as of their time; no
  /// mail is sent for them any more.
  ///
  /// - Returns: the number of mails added.
  package func importCounts(from reserve: CountReserve) async throws(StoreFailure) -> Int {
    if reserve.isEmpty { return 0 }
    let imported = try await setting(Self.reserveSetting).flatMap { CountReserve.Position($0) }
    var count = 0
    if let content = reserve.content(after: imported) {
      try await commit { batch in
        for (error, arrivals) in content.errors { try batch.add(arrivals, of: error) }
        try SettingTable.set(Self.reserveSetting, content.position.text, batch.db)
      }
      count = content.errors.reduce(0) { $0 + $1.arrivals.count(where: \.fate.isCounted) }
      try reserve.clear(upTo: content.position)
    } else if let imported {
      try reserve.clear(upTo: imported)
    }
    return count
  }
}

extension SQLiteStore {
  /// Adds mails that were handed on past the store to the totals.
  package func count(_ handedOn: HandedOnMail) async throws(StoreFailure) {
    try await commit { $0.tally.add(handedOn) }
  }
}

extension Batch {
  /// Counts mails that the reserve took, with their error if there is room for it.
  fileprivate func add(_ arrivals: [ReservedArrival], of error: ReservedError) throws {
    let row = try windows.add(arrivals, of: error, policy, db)
    for arrival in arrivals {
      switch arrival.fate {
      case .suppressed, .suppressedAfterRejection:
        let reason = arrival.fate.suppression ?? .insideWindow
        tally.add(.suppressed, reason.rawValue, fingerprint: row, at: arrival.at)
      case .forwarded, .offered: tally.add(.forwarded, ForwardReason.first.text, fingerprint: row, at: arrival.at)
      case .spooled, .refused: break
      }
    }
  }
}
