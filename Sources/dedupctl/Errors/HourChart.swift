import DedupCore
import Foundation

/// A chart of hourly counts as columns, with a scale on the left and the hours below.
struct HourChart {
  private let counts: [Int]
  private let now: Date
  /// The height of the columns in lines.
  private static let height = 6

  /// Creates a chart that ends at `now`.
  ///
  /// - Parameter counts: The counts, oldest first; the last one is the current hour.
  init(_ counts: [Int], now: Date) {
    self.counts = counts
    self.now = now
  }

  /// Returns the lines of the chart.
  ///
  /// - Parameters:
  ///   - canDraw: True if the terminal shows more than ASCII.
  ///   - width: The columns of the terminal; nil means no limit.
  func lines(canDraw: Bool, width: Int? = nil) -> [String] {
    let highest = counts.max() ?? 0
    guard highest > 0 else { return ["none"] }
    let scale = "\(highest)".count
    let (cells, gap) = spacing(within: width.map { $0 - scale - 2 })
    let blocks = canDraw ? Self.blocks : Self.plainBlocks
    let steps = blocks.count - 1
    let levels = counts.map { Bar.level($0, of: highest, steps: steps * Self.height) }
    var lines = (0..<Self.height).reversed().map { row in
      let label = row == Self.height - 1 ? "\(highest)" : row == 0 ? "0" : ""
      let columns = levels.map { level in
        let block = blocks[min(steps, max(0, level - row * steps))]
        return String(repeating: block, count: cells)
      }
      return Self.padded(label, scale) + " |" + columns.joined(separator: gap)
    }
    lines.append(Self.padded("", scale) + "  " + labels(every: cells + gap.count))
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
  }

  /// Returns the width of a column in cells and the gap between two columns: the widest for which there is room.
  private func spacing(within width: Int?) -> (cells: Int, gap: String) {
    let room = width ?? .max
    if counts.count * 3 - 1 <= room { return (2, " ") }
    return counts.count * 2 <= room ? (2, "") : (1, "")
  }

  /// Returns the labels of each third hour of the day, aligned with the columns.
  private func labels(every cells: Int) -> String {
    let hours = counts.indices.map { index in
      let time = now.addingTimeInterval(Double(index - counts.count + 1) * 3600)
      let hour = Output.local(time, "%H")
      return (Int(hour) ?? 1).isMultiple(of: 3) ? hour : ""
    }
    var line = ""
    for (index, hour) in hours.enumerated() where !hour.isEmpty {
      line += Self.padded(hour, index * cells - line.count + hour.count)
    }
    return line
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  private static let plainBlocks: [Character] = [" ", "#"]
}
