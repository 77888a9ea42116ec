import DedupCore

/// The events that become due in a replay, the earliest first, in a binary heap. Events of the same moment are returned
/// in the order in which they were added.
struct DueList: Sendable {
  enum Item: Hashable, Sendable {
    /// The digest of the site at this index.
    case digest(Int)
    /// The digest of the doubts of the envelope at this index.
    case doubtDigest(Int)
    /// The all-clear of the error at this index.
    case allClear(Int)
  }

  private struct Entry: Sendable {
    var time: Timestamp
    var number: Int
    var item: Item

    static func < (a: Entry, b: Entry) -> Bool { (a.time, a.number) < (b.time, b.number) }
  }

  private var heap: [Entry] = []
  private var added = 0

  mutating func add(_ item: Item, at time: Timestamp) {
    heap.append(Entry(time: time, number: added, item: item))
    added += 1
    var index = heap.count - 1
    while index > 0, heap[index] < heap[(index - 1) / 2] {
      heap.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  /// Removes and returns the earliest event that is due at `end`, or the earliest one at any time if `end` is nil.
  mutating func next(until end: Timestamp?) -> (item: Item, time: Timestamp)? {
    guard let first = heap.first, end.map({ first.time <= $0 }) ?? true else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sinkFirst()
    }
    return (first.item, first.time)
  }

  private mutating func sinkFirst() {
    var index = 0
    while true {
      let children = [2 * index + 1, 2 * index + 2].filter { $0 < heap.count }
      guard let least = children.min(by: { heap[$0] < heap[$1] }), heap[least] < heap[index] else { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
