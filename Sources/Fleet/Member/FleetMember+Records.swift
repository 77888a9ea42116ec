package import DedupCore

/// A record of an admin as the engine keeps it.
package struct WireRecord: Hashable, Sendable {
  package var name: String
  package var version: FleetRecord.Version
  /// The body as JSON, with its times by the engine's clock.
  package var body: String

  package init(name: String, version: FleetRecord.Version, body: String) {
    (self.name, self.version, self.body) = (name, version, body)
  }

  fileprivate var arguments: [String] { [name, "\(version.number)", version.writer, body] }
}

/// The records that changed at the engine.
package struct RecordNews: Hashable, Sendable {
  package var records: [WireRecord]
  /// The change up to which all are known now.
  package var last: Int64
  /// The time of the engine's clock, in milliseconds since 1970.
  package var engineTime: Int64
}

// What admins said.
extension FleetMember {
  /// Gives records to the engine and learns what changed there.
  ///
  /// - Parameter change: the change up to which all are known.
  /// - Returns: nil if the engine did not answer.
  package func exchange(_ records: [WireRecord], after change: Int64) async -> RecordNews? {
    let words = [Self.token(), "\(Self.timeToLive)", "\(change)"] + records.flatMap(\.arguments)
    let answer = await client.run(.records, keys: recordKeys, words, patience: Self.patience)
    guard let items = (try? answer.get())?.items, items.count >= 3, items[0].text == "done",
      let receipt = EngineReceipt(.array(Array(items[..<3])))
    else { return nil }
    note(epoch: receipt.epoch)
    var news = RecordNews(records: [], last: change, engineTime: receipt.engineTime)
    for start in stride(from: 3, to: items.count - 4, by: 5) {
      guard let name = items[start].text, let change = items[start + 1].number, let number = items[start + 2].number,
        let writer = items[start + 3].text, let body = items[start + 4].text
      else { return nil }
      news.records.append(WireRecord(name: name, version: .init(number: number, writer: writer), body: body))
      news.last = max(news.last, change)
    }
    return news
  }

  /// Sets records if each is what was known of it, or none of them.
  ///
  /// - Returns: false if another relay changed one meanwhile; nil if the engine did not answer, and nobody knows.
  package func compareAndSet(_ changes: [(record: WireRecord, known: FleetRecord.Version?)]) async -> Bool? {
    let words = changes.flatMap { change in
      [change.record.name, change.known.map { "\($0.number)" } ?? "", change.known?.writer ?? ""]
        + change.record.arguments.dropFirst()
    }
    let answer = await client.run(.compareAndSet, keys: recordKeys, [Self.token()] + words, patience: Self.patience)
    guard let receipt = (try? answer.get()).flatMap({ EngineReceipt($0) }) else { return nil }
    note(epoch: receipt.epoch)
    return receipt.isDone
  }

  private var recordKeys: [String] { [key("records"), key("epoch"), key("record-changes")] }
}
