import DedupCore

/// A bar chart of table cells with background colours: rows of cells above a base line, as wide as the surrounding
/// element. Neighbours of the same colour share one cell, so that a quiet day takes few octets.
struct SummaryBars {
  let cells: [Int]
  let color: String
  /// The number of rows.
  var steps = 5
  /// The height of a row in pixels.
  var height = 5

  /// Returns the HTML of the chart, or an empty string if there is nothing to draw.
  func render() -> String {
    let highest = cells.max() ?? 0
    guard highest > 0 else { return "" }
    let levels = cells.map { Bar.level($0, of: highest, steps: steps) }
    let rows = (1...steps).reversed().map { step in row(levels.map { $0 >= step }) }
    // The first row sets the width of the columns. Cells that span several columns would leave it to guesses.
    let columns = String(repeating: "<td></td>", count: cells.count)
    return """
      <table role="presentation" width="100%" cellpadding="0" cellspacing="0" \
      style="table-layout:fixed;margin-top:8px;font-size:0;line-height:0"><tr>\(columns)</tr>\(rows.joined())\
      <tr><td class="base" colspan="\(cells.count)" height="1" bgcolor="#818b98" \
      style="background:#818b98;height:1px"></td></tr></table>
      """
  }

  private func row(_ filled: [Bool]) -> String {
    var html = "<tr>"
    var start = 0
    while start < filled.count {
      let end = filled[start...].firstIndex { $0 != filled[start] } ?? filled.count
      html += cell(span: end - start, isFilled: filled[start], isFirst: start == 0)
      start = end
    }
    return html + "</tr>"
  }

  private func cell(span: Int, isFilled: Bool, isFirst: Bool) -> String {
    let fill = isFilled ? " bgcolor=\"\(color)\"" : ""
    let columns = span > 1 ? " colspan=\"\(span)\"" : ""
    let height = isFirst ? " height=\"\(self.height)\"" : ""
    return "<td\(columns)\(fill)\(height)></td>"
  }
}
