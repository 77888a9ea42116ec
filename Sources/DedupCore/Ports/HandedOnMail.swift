/// The mails without a fingerprint that were handed on past the store and are not in its counts yet, by quarter of an
/// hour and reason. They are statistics and wait in memory: a crash loses them.
package struct HandedOnMail: Hashable, Sendable {
  package struct Key: Hashable, Sendable {
    /// The beginning of the quarter of an hour of the arrival.
    package var at: Timestamp
    package var reason: ForwardReason
  }

  package private(set) var mails: [Key: Int] = [:]
  /// The largest number of keys; reasons are few, and a quarter of an hour has as many at most.
  private static let mostKeys = 10_000

  package init() {}

  package var isEmpty: Bool { mails.isEmpty }

  /// The counts as they will be in the totals.
  package var totals: Totals {
    var totals = Totals()
    for (key, count) in mails {
      if case .doubt = key.reason { totals.doubtful += count } else { totals.passed += count }
    }
    return totals
  }

  /// Counts mails; a report with a fingerprint is no business of this type.
  package mutating func add(_ judged: Judged, at time: Timestamp) {
    let reason: ForwardReason
    switch judged {
    case .pass(let why): reason = .pass(why)
    case .doubt(let doubt): reason = .doubt(doubt.reason)
    case .report: return
    }
    add(Key(at: Timestamp(milliseconds: time.quarter * 900_000), reason: reason), 1)
  }

  package mutating func add(_ others: HandedOnMail) { for (key, count) in others.mails { add(key, count) } }

  private mutating func add(_ key: Key, _ count: Int) {
    guard mails.count < Self.mostKeys || mails[key] != nil else { return }
    mails[key] = mails[key, default: 0].saturatingAdding(count)
  }
}
