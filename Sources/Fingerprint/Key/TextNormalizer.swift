import MailMessage

/// Removes from a message what differs from one occurrence of an error to the next: names of people, ids, numbers,
/// addresses, times. One pass over the bytes from left to right, linear, bounded output.
///
/// Kept, because they tell errors apart: errno, SQLSTATE and MySQL codes, HTTP status after the word, identifiers that
/// a database puts in double quotes, names that templates quote.
struct TextNormalizer {
  enum Quotes: Sendable {
    /// All text in quotes is data.
    case data
    /// Text in quotes may be an identifier, as in `relation "shop_order"`. `invalid input syntax for integer: "abc"`
    /// ends with data.
    case database
    /// Only the name of a part of the database is an identifier. `value "abc" is out of range`, `at or near "abc"` and
    /// `time zone "abc"` contain data.
    case databaseParts
    /// Text in quotes is kept: `Invalid filter: 'as_money'` was written in the template.
    case kept
  }

  private let quotes: Quotes
  /// True if the text was logged without an exception: it is all that the key has, so values reported by others are
  /// data.
  private let isLogMessage: Bool
  /// True if quotes of other languages count as well, as PostgreSQL sets them: `»abc«`, `« abc »`, `„abc“`.
  private let readsAllQuotes: Bool
  private let limit: Int
  private var output: [UInt8] = []
  private var lastWord = 0..<0
  /// The replacements that were made; only filled for an explanation.
  private(set) var applied: [AppliedRule] = []
  private let records: Bool

  init(
    quotes: Quotes = .data, isLogMessage: Bool = false, readsAllQuotes: Bool = false, limit: Int = 300,
    records: Bool = false
  ) {
    self.readsAllQuotes = readsAllQuotes
    self.quotes = quotes
    self.isLogMessage = isLogMessage
    self.limit = limit
    self.records = records
    output.reserveCapacity(limit + 32)
  }

  /// Returns the normalised text of `range`. Reads no more than sixteen times the output's limit.
  mutating func normalize(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    let end = Swift.min(range.upperBound, range.lowerBound + 16 * limit)
    var index = range.lowerBound
    while index < end, output.count < limit {
      let byte = text[index]
      if byte.isBlank {
        if output.last != 0x20 { output.append(0x20) }
        index += 1
      } else if byte >= 0x80, readsAllQuotes, let open = Self.opening(text, index, end: end) {
        index = foreignQuoted(text, at: index, opened: open, end: end)
      } else if byte.isNameByte {
        index = word(text, at: index, start: range.lowerBound, end: end)
      } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        index = quoted(text, at: index, start: range.lowerBound, end: end)
      } else if byte == UInt8(ascii: "/"), isPath(text, at: index, start: range.lowerBound, end: end) {
        index = replace(text, index..<tail(text, from: index, end: end), .path)
      } else {
        output.append(byte)
        index += 1
      }
    }
    while output.last == 0x20 { output.removeLast() }
    return output
  }

  // MARK: - Words

  private mutating func word(_ text: borrowing Span<UInt8>, at index: Int, start: Int, end: Int) -> Int {
    var stop = index
    while stop < end, WordShape.isPartOfWord(text[stop]) { stop += 1 }
    if stop < end, text[stop] == UInt8(ascii: "@"), stop + 1 < end, text[stop + 1].isNameByte {
      var domain = stop + 1
      while domain < end, WordShape.isPartOfWord(text[domain]) { domain += 1 }
      return replace(text, index..<trimmedWord(text, index..<domain), .emailAddress)
    }
    if text.has("://", at: stop - 1, before: end), stop - 1 > index {
      return replace(text, index..<tail(text, from: index, end: end), .url)
    }
    stop = trimmedWord(text, index..<stop)
    let word = index..<stop
    defer { lastWord = word }
    if isReportedValue(text, word, end: end) { return replace(text, word, .reportedValue) }
    return shaped(text, word, start: start, end: end)
  }

  private mutating func shaped(_ text: borrowing Span<UInt8>, _ word: Range<Int>, start: Int, end: Int) -> Int {
    switch WordShape(text, word) {
    case .plain:
      if word.count == 1, text.has(":\\", at: word.upperBound, before: end) {
        return replace(text, word.lowerBound..<tail(text, from: word.lowerBound, end: end), .path)
      }
      copy(text, word)
      return word.upperBound
    case .uuid: return replace(text, word, .uuid)
    case .memoryAddress: return replace(text, word, .memoryAddress)
    case .ipAddress: return replace(text, word, .ipAddress)
    case .random: return replace(text, word, .randomToken)
    case .date, .time: return timestamp(text, word, end: end)
    case .withDigits:
      if keepsNumber(text, word, start: start) {
        copy(text, word)
      } else {
        collapseDigits(text, word)
      }
      return word.upperBound
    }
  }

  /// Replaces a date and the time after it as one timestamp.
  private mutating func timestamp(_ text: borrowing Span<UInt8>, _ word: Range<Int>, end: Int) -> Int {
    var stop = word.upperBound
    if stop + 5 < end, text[stop] == 0x20, text[stop + 1].isDigit {
      var next = stop + 1
      while next < end, WordShape.isPartOfWord(text[next]) { next += 1 }
      if WordShape(text, (stop + 1)..<next) == .time { stop = trimmedWord(text, (stop + 1)..<next) }
    }
    if stop < end, text[stop] == UInt8(ascii: ","), stop + 1 < end, text[stop + 1].isDigit {
      stop += 1
      while stop < end, text[stop].isDigit { stop += 1 }
    }
    return replace(text, word.lowerBound..<stop, .timestamp)
  }

  /// True for the numbers of `[Errno 28]`, `(1205, 'Lock wait timeout …`, `HTTP 502`, `status code 404`,
  /// `SQLSTATE 53300`.
  private func keepsNumber(_ text: borrowing Span<UInt8>, _ word: Range<Int>, start: Int) -> Bool {
    if word.lowerBound == start + 1, text[start] == UInt8(ascii: "(") { return true }
    return text.equals(lastWord, "Errno") || text.equals(lastWord, "errno") || text.equals(lastWord, "HTTP")
      || text.equals(lastWord, "status") || text.equals(lastWord, "code") || text.equals(lastWord, "SQLSTATE")
      || text.has("ORA-", at: word.lowerBound, before: word.upperBound)
  }

  private mutating func collapseDigits(_ text: borrowing Span<UInt8>, _ word: Range<Int>) {
    var index = word.lowerBound
    while index < word.upperBound {
      guard text[index].isDigit else {
        output.append(text[index])
        index += 1
        continue
      }
      let first = index
      while index < word.upperBound, text[index].isDigit || isInsideNumber(text, index, word) { index += 1 }
      _ = replace(text, first..<index, .number)
    }
  }

  private func isInsideNumber(_ text: borrowing Span<UInt8>, _ index: Int, _ word: Range<Int>) -> Bool {
    text[index] == UInt8(ascii: ".") && index + 1 < word.upperBound && text[index + 1].isDigit
  }

  /// True for the single word after a verb of answering, inside a sentence: `Courier answered busy for parcel 7`.
  private func isReportedValue(_ text: borrowing Span<UInt8>, _ word: Range<Int>, end: Int) -> Bool {
    guard isLogMessage, word.upperBound + 1 < end, text[word.upperBound] == 0x20 else { return false }
    for verb in Self.reportingVerbs where text.equals(lastWord, verb) { return true }
    return false
  }

  private static let reportingVerbs: [StaticString] = [
    "answered", "answers", "replied", "replies", "responded", "responds", "returned", "returns", "reported", "reports",
    "said", "says",
  ]

  /// The end of a word without its punctuation, which belongs to the sentence.
  private func trimmedWord(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Int {
    var stop = word.upperBound
    while stop > word.lowerBound + 1, !text[stop - 1].isNameByte { stop -= 1 }
    return stop
  }

  // MARK: - Quotes and paths

  private mutating func quoted(_ text: borrowing Span<UInt8>, at index: Int, start: Int, end: Int) -> Int {
    let quote = text[index]
    // An apostrophe: `didn't`. A prefix as in u'…' or b'…' belongs to the string.
    let prefixed = index > start && text[index - 1].isNameByte
    let hasPrefix = prefixed && (index - 1 == start || !text[index - 2].isNameByte)
    if quotes == .databaseParts, !prefixed || hasPrefix, !namesIdentifier(text, index, start) {
      // A value may contain quotes and line ends, so its end is unknown.
      if hasPrefix, output.last == text[index - 1] { output.removeLast() }
      return replace(text, index..<end, .quotedString)
    }
    guard !prefixed || hasPrefix, let close = closing(text, quote, from: index + 1, end: end) else {
      output.append(quote)
      return index + 1
    }
    if hasPrefix, output.last == text[index - 1] { output.removeLast() }
    if quotes == .kept || (quote == UInt8(ascii: "\"") && namesIdentifier(text, index, start)) {
      copy(text, index..<(close + 1))
      return close + 1
    }
    return replace(text, index..<(close + 1), .quotedString)
  }

  /// The end of the string: a quote that no letter follows. Escaped quotes are part of it. Nil if it stays open.
  private func closing(_ text: borrowing Span<UInt8>, _ quote: UInt8, from start: Int, end: Int) -> Int? {
    var index = start
    let stop = Swift.min(end, start + 1000)
    while index < stop {
      if text[index] == UInt8(ascii: "\\") {
        index += 2
        continue
      }
      if text[index] == quote, index + 1 >= end || !text[index + 1].isNameByte { return index }
      index += 1
    }
    return nil
  }

  /// The position after a quote of another language at `index`, or nil if there is none.
  private static func opening(_ text: borrowing Span<UInt8>, _ index: Int, end: Int) -> Int? {
    for quote: StaticString in ["»", "«", "„", "“", "‚", "‘", "「"] where text.has(quote, at: index, before: end) {
      return index + quote.utf8CodeUnitCount
    }
    return nil
  }

  /// Replaces `»abc«`. In a database's text a value may contain quotes, so its end is unknown.
  private mutating func foreignQuoted(
    _ text: borrowing Span<UInt8>, at index: Int, opened: Int, end: Int
  ) -> Int {
    if quotes == .databaseParts { return replace(text, index..<end, .quotedString) }
    for quote: StaticString in ["«", "»", "“", "”", "‘", "’", "」"] {
      guard let close = text.firstIndex(of: quote, in: opened..<end) else { continue }
      return replace(text, index..<close + quote.utf8CodeUnitCount, .quotedString)
    }
    copy(text, index..<opened)
    return opened
  }

  private func namesIdentifier(_ text: borrowing Span<UInt8>, _ quote: Int, _ start: Int) -> Bool {
    guard quotes == .database || quotes == .databaseParts, quote - 2 >= start, text[quote - 1] == 0x20,
      text[quote - 2].isLetter
    else { return false }
    return quotes == .database || Self.parts.contains { text.equals(lastWord, $0) }
  }

  /// The words that PostgreSQL puts before an identifier in its messages.
  private static let parts: [StaticString] = [
    "relation", "column", "constraint", "table", "index", "sequence", "schema", "view", "trigger", "type", "function",
    "domain", "policy", "rule", "role", "user", "database", "tablespace", "extension", "parameter", "configuration",
    "server", "publication", "subscription",
  ]

  private func isPath(_ text: borrowing Span<UInt8>, at index: Int, start: Int, end: Int) -> Bool {
    guard index + 1 < end, text[index + 1].isNameByte || text[index + 1] == UInt8(ascii: ".") else { return false }
    return index == start || !(text[index - 1].isNameByte || text[index - 1] == UInt8(ascii: "."))
  }

  /// The end of a path or URL: a blank, a quote, a bracket, a comma or a semicolon.
  private func tail(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    var index = start
    while index < end {
      switch text[index] {
      case 0...0x20, UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: ")"), UInt8(ascii: "("), UInt8(ascii: ">"),
        UInt8(ascii: "<"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"):
        return index
      default: index += 1
      }
    }
    return end
  }

  // MARK: - Output

  private mutating func copy(_ text: borrowing Span<UInt8>, _ range: Range<Int>) {
    for index in range where output.count < limit { output.append(text[index]) }
  }

  private mutating func replace(
    _ text: borrowing Span<UInt8>, _ range: Range<Int>, _ rule: NormalizationRule
  ) -> Int {
    if records { applied.append(AppliedRule(rule: rule, replaced: text.text(range))) }
    let placeholder = rule.placeholder
    if !endsWithSame(placeholder) {
      for offset in 0..<placeholder.utf8CodeUnitCount { output.append(placeholder.utf8Start[offset]) }
    } else {
      output.removeLast(2)
      if records { applied.append(AppliedRule(rule: .list, replaced: text.text(range))) }
    }
    return Swift.max(range.upperBound, range.lowerBound + 1)
  }

  /// True if the output ends with this placeholder and `, `. One more of the same then adds nothing.
  private func endsWithSame(_ placeholder: StaticString) -> Bool {
    let length = placeholder.utf8CodeUnitCount
    let start = output.count - length - 2
    guard start >= 0, output[output.count - 1] == 0x20, output[output.count - 2] == UInt8(ascii: ",") else {
      return false
    }
    for offset in 0..<length where output[start + offset] != placeholder.utf8Start[offset] { return false }
    return true
  }
}
