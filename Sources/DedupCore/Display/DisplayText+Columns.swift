// The cells that text takes on a terminal or in a font of fixed width, by the rules of wcwidth: East Asian Width
// (Unicode Annex 11) with ambiguous characters as narrow, and emoji as two cells (Unicode Technical Standard 51).
extension DisplayText {
  /// Returns the number of cells of the whole text: 0 for combining marks, 2 for wide East Asian characters and emoji,
  /// 1 for all others.
  package static func columns(of text: String) -> Int { text.reduce(0) { $0 + columns(of: $1) } }

  /// Returns `text` cut to `columns`. A longer text ends in `…`.
  package static func cut(_ text: String, columns: Int) -> String {
    if self.columns(of: text) <= columns { return text }
    return columns > 0 ? beginning(of: text, columns: columns - 1) + "…" : ""
  }

  /// Returns `text` cut to `columns`. A longer text has `…` in its middle, which suits paths, whose end says more
  /// than their middle.
  package static func cutInMiddle(_ text: String, columns: Int) -> String {
    if self.columns(of: text) <= columns { return text }
    guard columns > 0 else { return "" }
    let head = beginning(of: text, columns: (columns - 1) / 3)
    let tail = beginning(of: String(text.reversed()), columns: columns - 1 - self.columns(of: head))
    return head + "…" + String(tail.reversed())
  }

  /// Returns `text` padded to `columns` with spaces behind it, or before it if `atLeft` is true.
  package static func padded(_ text: String, columns: Int, atLeft: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, columns - self.columns(of: text)))
    return atLeft ? space + text : text + space
  }

  /// Returns the longest beginning of `text` that fits into `columns`.
  private static func beginning(of text: String, columns: Int) -> String {
    var left = columns
    return String(
      text.prefix { character in
        left -= self.columns(of: character)
        return left >= 0
      })
  }

  /// Returns the number of cells of one character as a reader sees it: a base with its marks, a flag, or a family emoji
  /// joined from four people.
  static func columns(of character: Character) -> Int {
    let scalars = character.unicodeScalars
    if let first = scalars.first, first.value < 0x7F, scalars.count == 1 { return first.value < 0x20 ? 0 : 1 }
    let asksForEmoji = scalars.contains("\u{FE0F}") && scalars.first?.properties.isEmoji ?? false
    if asksForEmoji || scalars.contains(where: \.properties.isEmojiPresentation) { return 2 }
    return scalars.reduce(0) { $0 + columns(of: $1) }
  }

  private static func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    return switch scalar.value {
    // Vowels and final consonants of Hangul, which join the consonant before them.
    case 0x1160...0x11FF, 0xD7B0...0xD7FF: 0
    // The blocks that EastAsianWidth.txt lists as wide or fullwidth. Emoji are found by their property.
    case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x3247, 0x3250...0xA4CF, 0xA960...0xA97F,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
      0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
