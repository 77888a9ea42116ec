/// Functions that make text from mail safe and readable for people, in terminals, tables and mails of fixed width.
package enum DisplayText {
  /// Returns the text as one line without control characters, which could command a terminal, and without marks that
  /// change the writing direction, which could make a line read as something else. Runs of white space become one
  /// space.
  ///
  /// - Parameter limit: the largest number of characters. A longer text ends in `…`.
  package static func oneLine(_ text: String, limit: Int = 200) -> String {
    var line = ""
    var count = 0
    var space = false
    // Cut first, since a title may be megabytes long. White space and dropped characters rarely make up three quarters.
    for character in text.prefix(max(0, limit) * 4) {
      let visible = character.unicodeScalars.filter { !isHidden($0) }
      if character.isWhitespace || visible.isEmpty {
        space = space || character.isWhitespace
        continue
      }
      // A character may carry any number of combining marks.
      if count >= limit || line.utf8.count > limit * 8 { return line + "…" }
      if space, !line.isEmpty { line += " " }
      line.unicodeScalars.append(contentsOf: visible.prefix(16))
      space = false
      count += 1
    }
    return line
  }

  /// Breaks `text` into lines of at most `columns`. It is broken at spaces, and inside a word only if the word is
  /// longer than a line.
  ///
  /// - Parameter limit: the largest number of lines. The last one is cut.
  package static func wrap(_ text: String, columns: Int, limit: Int = .max) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      let joined = line.isEmpty ? String(word) : "\(line) \(word)"
      if self.columns(of: joined) <= columns {
        line = joined
        continue
      }
      if !line.isEmpty { lines.append(line) }
      line = breakWord(String(word), columns: columns, into: &lines)
    }
    if !line.isEmpty || lines.isEmpty { lines.append(line) }
    guard lines.count > limit, limit > 0 else { return lines }
    let rest = lines[(limit - 1)...].joined(separator: " ")
    return lines.prefix(limit - 1) + [cut(rest, columns: columns)]
  }

  /// Returns a number with separators, e.g. `1,204`.
  package static func number(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.utf8.count - position).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
  }

  /// Returns a number with its noun, e.g. `1 mail` or `1,204 mails`.
  package static func count(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(self.number(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }

  /// Returns a duration as `45 s`, `12 min`, `3 h` or `5 d`, rounded down, in the largest unit of which there are at
  /// least two.
  package static func duration(_ duration: Duration) -> String {
    let seconds = Int(clamping: max(0, duration.wholeMilliseconds) / 1000)
    for (unit, length) in [("d", 86_400), ("h", 3600), ("min", 60)] where seconds >= 2 * length {
      return "\(number(seconds / length)) \(unit)"
    }
    return "\(seconds) s"
  }

  private static func breakWord(_ word: String, columns: Int, into lines: inout [String]) -> String {
    var piece = ""
    var used = 0
    for character in word {
      let width = self.columns(of: character)
      if used + width > max(2, columns) {
        lines.append(piece)
        (piece, used) = ("", 0)
      }
      piece.append(character)
      used += width
    }
    return piece
  }

  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F: true
    // Directional marks, embeddings and isolates, invisible operators, tags, the byte order mark.
    case 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
    default: false
    }
  }
}
