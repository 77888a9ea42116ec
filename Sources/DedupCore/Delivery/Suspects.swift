package import MailMessage

/// Recipients and mails that ended connections. After two such events, each goes alone, so that no other mail suffers.
/// Kept in memory, for an hour, and bounded: what is forgotten is found out again.
package struct Suspects: Hashable, Sendable {
  package enum Who: Hashable, Sendable {
    case recipient(EmailAddress)
    case mail(QueueID)
  }

  private struct Record: Hashable, Sendable {
    var strikes: Int
    var last: Duration
    /// The sequence number of the latest strike.
    var number: Int
  }

  package static let enough = 2
  private static let memory = Duration.seconds(3600)
  private static let most = 1000

  private var records: [Who: Record] = [:]
  private var number = 0

  package init() {}

  package func isSuspect(_ who: Who, at now: Duration) -> Bool {
    records[who].map { $0.strikes >= Self.enough && now - $0.last < Self.memory } ?? false
  }

  package mutating func strike(_ who: Who, _ strikes: Int = 1, at now: Duration) {
    let known = records[who].flatMap { now - $0.last < Self.memory ? $0.strikes : nil } ?? 0
    number += 1
    records[who] = Record(strikes: known + strikes, last: now, number: number)
    guard records.count > Self.most else { return }
    // Half of them at once, so that it is not done for each new one.
    let oldest = records.sorted { $0.value.number < $1.value.number }.prefix(Self.most / 2)
    for (who, _) in oldest { records[who] = nil }
  }

  /// Forgets a recipient or mail that went well.
  package mutating func clear(_ who: Who) { records[who] = nil }

  package var isEmpty: Bool { records.isEmpty }
}
