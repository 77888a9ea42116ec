/// A bar chart of table cells with background colours: five rows of cells above a base line. Neighbours of one colour
/// are one cell, so that a quiet day takes a few octets.
struct SummaryBars {
  let cells: [Int]
  let color: String

  private static let steps = 5

  /// Empty when there is nothing to draw.
  func render() -> String {
    let highest = cells.max() ?? 0
    guard highest > 0 else { return "" }
    let levels = cells.map { Bar.level($0, of: highest, steps: Self.steps) }
    let rows = (1...Self.steps).reversed().map { step in row(levels.map { $0 >= step }) }
    let base = """
      <tr><td class="base" colspan="\(cells.count)" height="2" bgcolor="#afb8c1" \
      style="background:#afb8c1;height:2px"></td></tr>
      """
    return """
      <table role="presentation" cellpadding="0" cellspacing="0" width="\(cells.count * width)" \
      style="table-layout:fixed;margin-top:6px;font-size:0;line-height:0">\(rows.joined())\(base)</table>
      """
  }

  private func row(_ filled: [Bool]) -> String {
    var html = "<tr>"
    var start = 0
    while start < filled.count {
      let end = filled[start...].firstIndex { $0 != filled[start] } ?? filled.count
      html += cell(span: end - start, isFilled: filled[start])
      start = end
    }
    return html + "</tr>"
  }

  private func cell(span: Int, isFilled: Bool) -> String {
    let fill = isFilled ? " bgcolor=\"\(color)\"" : ""
    let columns = span > 1 ? " colspan=\"\(span)\"" : ""
    return "<td\(columns)\(fill) width=\"\(span * width)\" height=\"5\"></td>"
  }

  /// Pixels of one cell: 48 cells fit a telephone.
  private var width: Int { cells.count > 26 ? 6 : 11 }
}
