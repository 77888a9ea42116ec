/// Small bar charts of counts.
package enum Bar {
  /// Returns one character for each count, `▁` to `█` in proportion to the largest, and `·` for zero. A count
  /// above zero never looks like zero.
  package static func sparkline(_ counts: [Int]) -> String {
    let highest = counts.max() ?? 0
    return String(counts.map { blocks[level($0, of: highest, steps: 8)] })
  }

  /// Returns the height of the bar of `count`, from 0 to `steps`: 0 only for no count, `steps` only for `highest` and
  /// counts that round up to it.
  package static func level(_ count: Int, of highest: Int, steps: Int) -> Int {
    guard count > 0, highest > 0, steps > 0 else { return 0 }
    let share = min(1, Double(count) / Double(highest))
    return min(steps, max(1, Int((share * Double(steps)).rounded(.up))))
  }

  /// Returns `counts` in at most `limit` cells. Neighbours are added up, the same number of them for each cell but the
  /// last.
  package static func grouped(_ counts: [Int], limit: Int) -> [Int] {
    let width = groupWidth(counts.count, limit: limit)
    return stride(from: 0, to: counts.count, by: width).map { start in
      counts[start..<min(start + width, counts.count)].sumOfCounts()
    }
  }

  /// Returns the number of counts in one cell of `grouped`.
  static func groupWidth(_ count: Int, limit: Int) -> Int {
    let limit = max(1, limit)
    return max(1, count / limit + (count.isMultiple(of: limit) ? 0 : 1))
  }

  private static let blocks: [Character] = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
}
