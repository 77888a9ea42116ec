import DedupCore

/// Text that is safe for a terminal; see `DisplayText.printable`.
enum PrintableText {
  /// Returns text that keeps its lines and the styles that `Output.styled` sets: those colour, and cannot move the
  /// cursor, hide text or retitle the window.
  static func keepingStyles(_ text: String) -> String {
    guard text.contains("\u{1B}") else { return printable(text, keepingLines: true) }
    var pieces: [String] = []
    for (index, piece) in text.split(separator: "\u{1B}", omittingEmptySubsequences: false).enumerated() {
      let style = index == 0 ? "" : styles.first { piece.hasPrefix($0) }
      let rest = printable(String(piece.dropFirst(style?.count ?? 0)), keepingLines: true)
      pieces.append(index == 0 ? rest : (style.map { "\u{1B}" + $0 } ?? "\u{FFFD}") + rest)
    }
    return pieces.joined()
  }

  private static let styles = (Style.allCases.map(\.rawValue).filter { !$0.isEmpty } + ["0"]).map { "[\($0)m" }

  /// Returns JSON with `\uXXXX` in place of everything that could command a terminal.
  static func json(_ text: String) -> String {
    guard printable(text) != text else { return text }
    return text.unicodeScalars.map { scalar in
      let shown = String(scalar)
      if printable(shown) == shown { return shown }
      return shown.utf16.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }.joined()
    }.joined()
  }
}

/// A shorthand for `DisplayText.printable`, which is needed everywhere here.
func printable(_ text: String, keepingLines: Bool = false) -> String {
  DisplayText.printable(text, keepingLines: keepingLines)
}
