import MailMessage

/// The kind of a line beside a traceback: a program's label or data, or a sentence.
enum MailLine: Equatable {
  /// A row of `=` or `-`.
  case rule
  /// A label with a value: `Task: tools.tasks.invoice`.
  case label(name: Range<Int>, value: Range<Int>)
  /// A heading, such as `Stacktrace:`. `isKnown`: its words are those of an error report.
  case heading(isKnown: Bool)
  /// A path, a number, a Python or JSON value.
  case data
  /// A sentence, such as `Kun tallennan, tulee`, and everything else.
  case sentence

  /// Finds the kind of a line.
  ///
  /// - Parameter line: without blanks around it, not empty.
  init(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    let line = Self.withoutBullet(text, line)
    if line.allSatisfy({ Self.isRule(text[$0]) }) {
      self = .rule
    } else if Self.isData(text, line) {
      self = .data
    } else if let separator = Self.separator(text, line) {
      let name = text.trimmed(line.lowerBound..<separator)
      let value = text.trimmed((separator + 1)..<line.upperBound)
      self = value.isEmpty ? .heading(isKnown: Self.isKnownHeading(text, name)) : .label(name: name, value: value)
    } else if Self.words(text, line, most: 4) <= 3, Self.isKnownHeading(text, line) {
      self = .heading(isKnown: true)
    } else {
      self = Self.isCount(text, line) ? .data : .sentence
    }
  }

  /// True if a value, or a line, has a form that only programs write: a path, an address, a dotted name, a Python
  /// value, a number.
  static func isData(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard let first = range.first, let last = range.last else { return false }
    switch text[first] {
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "<"), UInt8(ascii: "}"), UInt8(ascii: "]"): return true
    case UInt8(ascii: "("): return text[last] == UInt8(ascii: ")") || text[last] == UInt8(ascii: ",")
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return range.count > 1 && Self.isClosing(text[last])
    default: break
    }
    // One word with a character inside that words of a sentence do not have.
    var hasSign = false
    for index in range {
      let byte = text[index]
      if byte.isBlank { return false }
      let isSign =
        byte.isDigit || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "@")
        || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\\")
      let isInside = byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
      hasSign = hasSign || isSign || isInside && index > first && index < last
    }
    return hasSign
  }

  private static func isClosing(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]")
      || byte == UInt8(ascii: "}") || byte == UInt8(ascii: ")")
  }

  private static func isRule(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "=") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "~")
  }

  private static func withoutBullet(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Range<Int> {
    for bullet: StaticString in ["- ", "* ", "• "] where text.has(bullet, at: line.lowerBound, before: line.upperBound)
    {
      return text.trimmed(line.lowerBound + bullet.utf8CodeUnitCount..<line.upperBound)
    }
    return line
  }

  /// The index of the colon, the equals sign or the tab after a label of at most five words, or nil if there is no
  /// label.
  private static func separator(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Int? {
    guard let first = line.first, text[first].isNameByte || text[first] == UInt8(ascii: "*") else { return nil }
    var index = first
    let end = Swift.min(line.upperBound, first + 60)
    while index < end {
      let byte = text[index]
      let isLast = index + 1 == line.upperBound
      if byte == UInt8(ascii: ":"), isLast || text[index + 1].isBlank { break }
      if byte == UInt8(ascii: "="), !isLast { break }
      if byte == 0x09, index > first { break }
      if text.has("：", at: index, before: line.upperBound) { return index + 2 }
      guard isOfLabel(byte) else { return nil }
      index += 1
    }
    guard index < end, words(text, first..<index, most: 6) <= 5 else { return nil }
    return index
  }

  private static func isOfLabel(_ byte: UInt8) -> Bool {
    byte.isNameByte || byte == 0x20 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/")
      || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")") || byte == UInt8(ascii: "*")
      || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
  }

  /// True if error reports have such a heading. People introduce what they paste with headings of their own.
  private static func isKnownHeading(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard words(text, range, most: 5) <= 4 else { return false }
    let first = word(text, range)
    if isKnown(text, first) { return true }
    let second = word(text, Swift.min(first.upperBound + 1, range.upperBound)..<range.upperBound)
    let isArticle = articles.first(text, beginning: first) { $0.utf8CodeUnitCount == first.count } != nil
    return !isArticle && isKnown(text, second)
  }

  /// True if `range` is a word of error reports, or a longer one made with it: `Stacktrace`, `Fehlermeldung`.
  private static func isKnown(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    known.first(text, beginning: range) { $0.utf8CodeUnitCount > 4 || $0.utf8CodeUnitCount == range.count } != nil
  }

  private static let known = WordList(
    [
      "traceback", "stack", "exception", "error", "trace", "request", "args", "arguments", "kwargs", "params",
      "parameters",
      "environment", "environ", "cookies", "settings", "handler", "session", "headers", "context", "details", "get",
      "post",
      "meta", "files", "data", "einfo", "local", "locals", "response", "payload", "body", "query", "fehler", "erreur",
      "pile", "errore", "erro", "rastreo", "traza", "virhe", "fel", "feil", "fejl", "fout", "błąd", "chyba", "hiba",
      "hata", "Ошибка", "Трассировка", "viga", "jäljitys", "pyyntö", "anfrage", "requête", "solicitud", "richiesta",
    ])

  private static let articles = WordList(
    ["the", "this", "my", "our", "a", "an", "der", "die", "das", "le", "la", "el", "il", "de"])

  private static func word(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var end = range.lowerBound
    while end < range.upperBound, text[end].isNameByte { end += 1 }
    return range.lowerBound..<end
  }

  /// True for `Try 1 of 2`: a few words, two of them numbers.
  private static func isCount(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    guard words(text, line, most: 7) <= 6, line.count < 60 else { return false }
    var numbers = 0
    for index in line where text[index].isDigit && (index == line.lowerBound || text[index - 1].isBlank) {
      numbers += 1
    }
    return numbers >= 2
  }

  /// The number of words, but at most `most`.
  static func words(_ text: borrowing Span<UInt8>, _ range: Range<Int>, most: Int) -> Int {
    var count = 0
    var isInWord = false
    for index in range {
      if text[index].isBlank {
        isInWord = false
      } else if !isInWord {
        count += 1
        isInWord = true
        if count >= most { return count }
      }
    }
    return count
  }
}
