import DedupCore

/// The help that ArgumentParser made without line breaks, wrapped for a terminal. The help of an option stays in its
/// column, and an example command stays on one line so that it can be copied.
enum HelpText {
  /// The column at which ArgumentParser puts the help of options and verbs.
  private static let column = 26
  /// The smallest width of a readable column.
  private static let least = 24

  static func wrapped(_ text: String, columns: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false)
      .flatMap { lines(of: String($0), columns: columns) }.joined(separator: "\n")
  }

  private static func lines(of line: String, columns: Int) -> [String] {
    let margin = line.prefix { $0 == " " }.count
    let isExample = margin >= 4 && line.dropFirst(margin).hasPrefix("dedupctl ")
    guard DisplayText.columns(of: line) > columns, !isExample else { return [line] }
    let (head, text, hanging) = parts(of: line, margin)
    guard columns - hanging >= least else {
      let narrow = hanging == column ? 6 : 0
      let first = head.allSatisfy { $0 == " " } ? [] : [String(head.reversed().drop { $0 == " " }.reversed())]
      return first + indented(DisplayText.wrap(text, columns: max(1, columns - narrow)), by: narrow)
    }
    let wrapped = indented(DisplayText.wrap(text, columns: columns - hanging), by: hanging)
    return [head + wrapped[0].dropFirst(hanging)] + wrapped.dropFirst()
  }

  /// Returns the text that stays on the left of the first line, the text to wrap, and the indentation of its further
  /// lines.
  private static func parts(of line: String, _ margin: Int) -> (head: String, text: String, hanging: Int) {
    let head = String(line.prefix(column))
    let hasColumn = margin == 2 && line.count > column && head.hasSuffix("  ") && !line.dropFirst(column).hasPrefix(" ")
    if hasColumn { return (head, String(line.dropFirst(column)), column) }
    return (String(line.prefix(margin)), String(line.dropFirst(margin)), margin)
  }

  private static func indented(_ lines: [String], by margin: Int) -> [String] {
    lines.map { String(repeating: " ", count: margin) + $0 }
  }
}
