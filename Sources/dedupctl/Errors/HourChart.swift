import DedupCore
import Foundation

/// Counts by the hour as columns, a scale at their left and the hours below.
struct HourChart {
  private let counts: [Int]
  private let now: Date
  /// Lines of the columns.
  private static let height = 6

  /// - Parameter counts: oldest first; the last one is the running hour.
  init(_ counts: [Int], now: Date) {
    self.counts = counts
    self.now = now
  }

  /// - Parameter canDraw: whether the terminal shows more than ASCII.
  func lines(canDraw: Bool) -> [String] {
    let highest = counts.max() ?? 0
    guard highest > 0 else { return ["none"] }
    let scale = "\(highest)".count
    let blocks = canDraw ? Self.blocks : Self.plainBlocks
    let steps = blocks.count - 1
    let levels = counts.map { Bar.level($0, of: highest, steps: steps * Self.height) }
    var lines = (0..<Self.height).reversed().map { row in
      let label = row == Self.height - 1 ? "\(highest)" : row == 0 ? "0" : ""
      let columns = levels.map { level in
        let block = blocks[min(steps, max(0, level - row * steps))]
        return "\(block)\(block)"
      }
      return Self.padded(label, scale) + " |" + columns.joined(separator: " ")
    }
    lines.append(Self.padded("", scale) + "  " + labels)
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
  }

  /// Each third hour of the day.
  private var labels: String {
    counts.indices.map { index in
      let time = now.addingTimeInterval(Double(index - counts.count + 1) * 3600)
      let hour = Output.local(time, "%H")
      return (Int(hour) ?? 1).isMultiple(of: 3) ? hour : "  "
    }.joined(separator: " ")
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  private static let plainBlocks: [Character] = [" ", "#"]
}
