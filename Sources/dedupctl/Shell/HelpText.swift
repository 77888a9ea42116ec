import DedupCore

/// The help that ArgumentParser made without breaking a line, broken for a terminal: the help of an option stays in its
/// column, and a command that is given as an example stays in one line, to be copied.
enum HelpText {
  /// Where ArgumentParser has the help of options and verbs.
  private static let column = 26
  /// Below this a column cannot be read any more.
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

  /// What stays at the left of the first line, what is broken, and how far its further lines are indented.
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
