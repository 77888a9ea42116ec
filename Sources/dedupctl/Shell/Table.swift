import DedupCore

/// A table of rows under a head line, no wider than the terminal.
///
/// Widths are counted in cells, so that columns align even with CJK, emoji and combining marks. The flexible columns
/// share what the fixed ones leave and are cut with `…`. If too little is left for them to be readable, they move to
/// lines of their own below their row: the first one alone, the others together. Fixed columns that find no room move
/// there as well, with their titles.
struct Table {
  enum Alignment { case left, right }

  struct Column {
    var title: String
    var alignment: Alignment = .left
    var isFlexible = false
    /// True if its beginning and its end say more than its middle.
    var isPath = false

    func cut(_ text: String, to width: Int) -> String {
      isPath ? DisplayText.cutInMiddle(text, columns: width) : DisplayText.cut(text, columns: width)
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []
  private var styles: [Style] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row, with one text per column.
  ///
  /// - Parameter style: The style of the whole row, if the terminal has styles.
  mutating func add(_ row: [String], _ style: Style = .plain) {
    rows.append(row.map { printable($0) })
    styles.append(style)
  }

  /// Returns the lines of the table.
  ///
  /// - Parameters:
  ///   - width: The columns of the terminal; nil means no limit.
  ///   - hasHead: True if the titles come first.
  func lines(width: Int?, hasHead: Bool = true) -> [String] {
    let layout = layout(width: width)
    return (hasHead ? [layout.head] : []) + layout.rows.joined()
  }

  /// The head line, and the lines of each row.
  typealias Layout = (head: String, rows: [[String]])

  func layout(width: Int?) -> Layout {
    let natural = columns.indices.map { index in
      ([columns[index].title] + rows.map { $0[index] }).map(DisplayText.columns).max() ?? 0
    }
    guard let width else { return render(natural) }
    let flexible = columns.indices.filter { columns[$0].isFlexible }
    let taken = columns.indices.filter { !columns[$0].isFlexible }.map { natural[$0] }.reduce(0, +)
    let left = width - taken - 2 * (columns.count - 1)
    if left >= 0, flexible.map({ natural[$0] }).reduce(0, +) <= left { return render(natural) }
    let canShare = !flexible.isEmpty && left >= Self.leastFlexible * flexible.count
    return canShare ? render(shared(natural, among: flexible, left: left)) : renderFolded(natural, width: width)
  }

  /// The smallest number of cells of a readable flexible column.
  private static let leastFlexible = 26

  /// Returns the widths: narrow columns keep what they need, and the others share the rest evenly.
  private func shared(_ natural: [Int], among flexible: [Int], left: Int) -> [Int] {
    var widths = natural
    var rest = left
    for (position, index) in flexible.sorted(by: { natural[$0] < natural[$1] }).enumerated() {
      widths[index] = min(natural[index], rest / (flexible.count - position))
      rest -= widths[index]
    }
    return widths
  }

  private func render(_ widths: [Int]) -> Layout {
    let all = Array(columns.indices)
    return (head(all, widths), zip(rows, styles).map { [Output.styled(line($0, all, widths), $1)] })
  }

  private func renderFolded(_ natural: [Int], width: Int) -> Layout {
    let above = fixedColumns(natural, within: width)
    let flexible = columns.indices.filter { columns[$0].isFlexible }
    let moved = columns.indices.filter { !columns[$0].isFlexible && !above.contains($0) }
    let rows = zip(rows, styles).map { row, style in
      let others =
        flexible.dropFirst().map { columns[$0].cut(row[$0], to: width - 2) }
        + moved.filter { !row[$0].isEmpty }.map { "\(columns[$0].title) \(row[$0])" }
      let first = flexible.first.map { [columns[$0].cut(row[$0], to: width - 2)] } ?? []
      let below = (first + Self.filled(others, width: width - 2)).filter { !$0.isEmpty }
      return ([line(row, above, natural)] + below.map { "  " + DisplayText.cut($0, columns: max(1, width - 2)) })
        .map { Output.styled($0, style) }
    }
    return (head(above, natural), rows)
  }

  /// Returns the fixed columns for which there is room, from the left.
  private func fixedColumns(_ natural: [Int], within width: Int) -> [Int] {
    var left = width + 2
    return columns.indices.filter { !columns[$0].isFlexible }.filter { index in
      left -= natural[index] + 2
      return left >= 0
    }
  }

  /// Joins items in as few lines as possible.
  private static func filled(_ items: [String], width: Int) -> [String] {
    items.filter { !$0.isEmpty }.reduce(into: []) { lines, item in
      let joined = lines.last.map { "\($0) · \(item)" } ?? item
      if !lines.isEmpty, DisplayText.columns(of: joined) <= width {
        lines[lines.count - 1] = joined
      } else {
        lines.append(item)
      }
    }
  }

  private func head(_ indices: [Int], _ widths: [Int]) -> String {
    Output.styled(line(columns.map(\.title), indices, widths), .bold)
  }

  private func line(_ cells: [String], _ indices: [Int], _ widths: [Int]) -> String {
    let text = indices.map { index in
      let column = columns[index]
      return DisplayText.padded(
        column.cut(cells[index], to: widths[index]), columns: widths[index], atLeft: column.alignment == .right)
    }
    return String(text.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
  }
}
