/// The entries that are left alone for a while, each with the time until which that holds.
struct PutBackMail: Sendable {
  enum Reason: Hashable, Sendable {
    /// The next hop is closed to it, or it was handed over and not offered.
    case closed
    /// Mail like it hangs, or all places that it may take are taken.
    case full
    /// Mail like it hangs; it is taken back when nothing hangs any more.
    case hangs
    /// The next hop takes mail like it at a pace, and enough others are ready for that.
    case paced
  }

  private var entries: [QueueID: (until: Duration, reason: Reason)] = [:]
  /// The ids that were put back for the pace, in order. Some may have been taken back since.
  private var paced: [QueueID] = []
  /// A time before which none may be tried again.
  private(set) var earliest: Duration?

  /// True if there may be some that were put back because mail like them hangs.
  private var mayHang = false

  var ids: Set<QueueID> { Set(entries.keys) }

  var count: Int { entries.count }

  func contains(_ id: QueueID) -> Bool { entries[id] != nil }

  mutating func put(_ id: QueueID, until time: Duration, _ reason: Reason) {
    if reason == .paced, entries[id]?.reason != .paced { paced.append(id) }
    if reason == .hangs { mayHang = true }
    entries[id] = (time, reason)
    earliest = min(earliest ?? time, time)
  }

  /// Takes back those whose time has come; returns true if there were any.
  mutating func takeBackDue(at now: Duration) -> Bool {
    guard let earliest, earliest <= now else { return false }
    return takeBack { now >= $0.until }
  }

  /// Takes back those with one of these reasons; returns true if there were any.
  mutating func takeBack(_ reasons: Set<Reason>) -> Bool { takeBack { reasons.contains($0.reason) } }

  /// Takes back those that were put back because mail like them hangs; returns true if there were any.
  mutating func takeBackHanging() -> Bool {
    guard mayHang else { return false }
    mayHang = false
    return takeBack([.hangs])
  }

  /// Takes back the first of those that were put back for the pace; returns true if there were any.
  mutating func takeBackPaced(_ count: Int) -> Bool {
    guard !paced.isEmpty else { return false }
    for id in paced.prefix(count) where entries[id]?.reason == .paced { entries[id] = nil }
    paced.removeFirst(min(count, paced.count))
    return true
  }

  private mutating func takeBack(where isOver: ((until: Duration, reason: Reason)) -> Bool) -> Bool {
    let before = entries.count
    entries = entries.filter { !isOver($0.value) }
    earliest = entries.values.map(\.until).min()
    paced.removeAll { entries[$0]?.reason != .paced }
    return entries.count < before
  }
}
