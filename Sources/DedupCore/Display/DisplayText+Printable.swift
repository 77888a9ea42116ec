extension DisplayText {
  /// `text` for a terminal, with U+FFFD in place of each character that could command it (control characters), turn the
  /// direction of writing or hide (format characters), or begin a line where none should (U+2028, U+2029). Text from a
  /// mail, a file or a command line goes through this before it is shown.
  ///
  /// - Parameter keepingLines: whether line feeds and tabs stay.
  package static func printable(_ text: String, keepingLines: Bool = false) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return text }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          if keepingLines && (scalar == "\n" || scalar == "\t") { return scalar }
          return isPrintable(scalar) ? scalar : "\u{FFFD}"
        }))
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return 0x20..<0x7F ~= scalar.value }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
    default: return true
    }
  }
}
