/// Rows under a head line, as wide as the terminal allows.
///
/// The flexible columns share what the fixed ones leave and are cut with `…`. Where too little is left for them to be
/// read, they move to lines of their own below their row: the first one alone, the others together.
struct Table {
  enum Alignment { case left, right }

  struct Column {
    var title: String
    var alignment: Alignment = .left
    var isFlexible = false
  }

  private let columns: [Column]
  private var rows: [[String]] = []
  private var styles: [Style] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// - Parameter style: of the whole row, where the terminal has styles.
  mutating func add(_ row: [String], _ style: Style = .plain) {
    rows.append(row.map { printable($0) })
    styles.append(style)
  }

  /// - Parameters:
  ///   - width: columns of the terminal; nil for as wide as it takes.
  ///   - hasHead: whether the titles come first.
  func lines(width: Int?, hasHead: Bool = true) -> [String] {
    let lines = lines(width: width)
    return hasHead ? lines : Array(lines.dropFirst())
  }

  private func lines(width: Int?) -> [String] {
    let natural = columns.indices.map { index in
      ([columns[index].title] + rows.map { $0[index] }).map(\.count).max() ?? 0
    }
    guard let width else { return render(natural) }
    let flexible = columns.indices.filter { columns[$0].isFlexible }
    let taken = columns.indices.filter { !columns[$0].isFlexible }.map { natural[$0] }.reduce(0, +)
    let left = width - taken - 2 * (columns.count - 1)
    if flexible.isEmpty || flexible.map({ natural[$0] }).reduce(0, +) <= left { return render(natural) }
    guard left >= Self.leastFlexible * flexible.count else { return renderFolded(natural, width: width) }
    return render(shared(natural, among: flexible, left: left))
  }

  /// Below this many characters a flexible column cannot be read any more.
  private static let leastFlexible = 26

  /// Narrow columns keep what they need; the others share the rest evenly.
  private func shared(_ natural: [Int], among flexible: [Int], left: Int) -> [Int] {
    var widths = natural
    var rest = left
    for (position, index) in flexible.sorted(by: { natural[$0] < natural[$1] }).enumerated() {
      widths[index] = min(natural[index], rest / (flexible.count - position))
      rest -= widths[index]
    }
    return widths
  }

  private func render(_ widths: [Int]) -> [String] {
    let all = Array(columns.indices)
    return [head(all, widths)] + zip(rows, styles).map { Output.styled(line($0, all, widths), $1) }
  }

  private func renderFolded(_ natural: [Int], width: Int) -> [String] {
    let fixed = columns.indices.filter { !columns[$0].isFlexible }
    let flexible = columns.indices.filter { columns[$0].isFlexible }
    return [head(fixed, natural)]
      + zip(rows, styles).flatMap { row, style in
        let others = flexible.dropFirst().map { row[$0] }.filter { !$0.isEmpty }.joined(separator: " · ")
        let below = [flexible.first.map { row[$0] } ?? "", others].filter { !$0.isEmpty }
        return ([line(row, fixed, natural)] + below.map { "  " + Self.cut($0, to: max(1, width - 2)) })
          .map { Output.styled($0, style) }
      }
  }

  private func head(_ indices: [Int], _ widths: [Int]) -> String {
    Output.styled(line(columns.map(\.title), indices, widths), .bold)
  }

  private func line(_ cells: [String], _ indices: [Int], _ widths: [Int]) -> String {
    let text = indices.map { Self.pad(Self.cut(cells[$0], to: widths[$0]), to: widths[$0], columns[$0].alignment) }
    return String(text.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
  }

  private static func cut(_ text: String, to width: Int) -> String {
    text.count <= width ? text : text.prefix(max(0, width - 1)) + "…"
  }

  private static func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return alignment == .left ? text + space : space + text
  }
}
