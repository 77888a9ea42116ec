import MailMessage

/// A mail that a log handler made without an exception: `logging.handlers.SMTPHandler` with the formats that the
/// documentation of Python, Flask and Celery recommends. Only forms that no human writes by accident are accepted.
struct LogRecord: Sendable, Equatable {
  var level: Range<Int>
  /// The first line of the message.
  var message: Range<Int>
  /// True if there is text after an empty line: it may continue the message, or be the words of a human who shows it.
  var isOpen = false

  /// Reads a record. Returns nil if the text is none. `body` is the whole text of the mail, trimmed.
  init?(_ text: borrowing Span<UInt8>, body: Range<Int>) {
    let line = text.line(at: body.lowerBound, before: body.upperBound)
    if let record = LogRecord.labelled(text, body: body, first: line)
      ?? LogRecord.bracketed(text, line, body: body)
    {
      self = record
      isOpen = text[line.lowerBound] == UInt8(ascii: "[") && text.firstIndex(of: "\n\n", in: body) != nil
    } else {
      return nil
    }
  }

  private init(level: Range<Int>, message: Range<Int>) {
    self.level = level
    self.message = message
  }

  /// Reads the form of Flask's documentation, "Email Errors to Admins": `Message type: ERROR`, `Location: …`, …
  /// `Message:`, and the text.
  private static func labelled(
    _ text: borrowing Span<UInt8>, body: Range<Int>, first: Range<Int>
  ) -> LogRecord? {
    guard text.has("Message type:", at: first.lowerBound, before: first.upperBound),
      let label = text.firstIndex(of: "\nMessage:", in: body)
    else { return nil }
    let level = text.trimmed((first.lowerBound + 13)..<first.upperBound)
    let rest = text.trimmed((label + 9)..<body.upperBound)
    guard LogLevel.isLevel(text, level), !rest.isEmpty else { return nil }
    return LogRecord(level: level, message: text.line(at: rest.lowerBound, before: rest.upperBound))
  }

  /// Reads Flask's `[2026-11-22 16:40:34,348] ERROR in mailer: text` and Celery's `[2026-…: ERROR/MainProcess] text`.
  private static func bracketed(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, body: Range<Int>
  ) -> LogRecord? {
    guard line.count > 24, text[line.lowerBound] == UInt8(ascii: "["), text[line.lowerBound + 1].isDigit,
      let close = text.firstIndex(of: UInt8(ascii: "]"), in: line), close - line.lowerBound < 80
    else { return nil }
    if let slash = text.firstIndex(of: UInt8(ascii: "/"), in: line.lowerBound..<close),
      let colon = text.lastIndex(of: UInt8(ascii: ":"), in: line.lowerBound..<slash)
    {
      let level = text.trimmed((colon + 1)..<slash)
      guard LogLevel.isLevel(text, level) else { return nil }
      return LogRecord(level: level, message: text.trimmed((close + 1)..<line.upperBound))
    }
    var index = close + 1
    while index < line.upperBound, text[index].isBlank { index += 1 }
    let start = index
    while index < line.upperBound, text[index].isUppercase { index += 1 }
    guard LogLevel.isLevel(text, start..<index), text.has(" in ", at: index, before: line.upperBound),
      let colon = text.firstIndex(of: ": ", in: index..<line.upperBound)
    else { return nil }
    return LogRecord(level: start..<index, message: text.trimmed((colon + 2)..<line.upperBound))
  }
}

/// The level words of Python's `logging`.
enum LogLevel {
  static let names: [StaticString] = ["ERROR", "CRITICAL", "WARNING", "FATAL", "EXCEPTION", "INFO", "DEBUG"]

  static func isLevel(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Bool {
    for name in names where text.equals(word, name) { return true }
    return false
  }
}

/// The parts of a Subject: `[Shop] ERROR (EXTERNAL IP): Internal Server Error: /cart/`.
struct ReportSubject: Sendable, Equatable {
  /// The text before the level, which is EMAIL_SUBJECT_PREFIX, or nil if there is none.
  var prefix: String?
  var level: String?
  /// The text after the level, or the whole Subject if it has no level.
  var message: [UInt8] = []
  /// True if the level is followed by what only `AdminEmailHandler` puts there: ` (EXTERNAL IP)` or ` (internal IP)`.
  var isOfHandler = false

  /// The prefix if it is one pair of brackets (`[Shop]`), or up to three words without any; else nil.
  var plainPrefix: String? {
    guard let prefix else { return nil }
    if prefix.hasPrefix("[") { return prefix.firstIndex(of: "]") == prefix.indices.last ? prefix : nil }
    let isPlain = !prefix.contains { "[]:".contains($0) } && prefix.split(separator: " ").count <= 3
    return isPlain ? prefix : nil
  }

  /// Reads the Subject of `django.utils.log.AdminEmailHandler`: prefix, level, perhaps ` (EXTERNAL IP)` or
  /// ` (internal IP)`, `: `, message.
  init(decoded: [UInt8]) {
    let text = decoded.span
    message = decoded
    // The first level counts: what follows it may be a visitor's, and would move the end of the prefix, and with it the
    // site.
    var found: (hit: Int, end: Int)?
    for name in LogLevel.names.prefix(5) {
      if let (hit, end) = Self.first(name, text), hit < found?.hit ?? Int.max { found = (hit, end) }
    }
    // A word after a path is a visitor's: sites that leave the level out of the Subject log
    // `Internal Server Error: /x`.
    guard let (hit, end) = found, text.firstIndex(of: ": /", in: 0..<hit) == nil else { return }
    level = text.text(hit..<end)
    let before = text.trimmed(0..<hit)
    prefix = before.isEmpty ? nil : text.text(before)
    isOfHandler =
      text.has(" (EXTERNAL IP): ", at: end, before: text.count)
      || text.has(" (internal IP): ", at: end, before: text.count)
    let colon = text.firstIndex(of: UInt8(ascii: ":"), in: end..<text.count) ?? end
    message = Array(decoded[Swift.min(colon + 1, text.count)...])
  }

  /// The first occurrence of a level that is followed by ` (` or `:`, as `AdminEmailHandler` writes it, or nil.
  private static func first(_ name: StaticString, _ text: borrowing Span<UInt8>) -> (hit: Int, end: Int)? {
    var from = 0
    while let hit = text.firstIndex(of: name, in: from..<text.count) {
      let end = hit + name.utf8CodeUnitCount
      let isWord = hit == 0 || !text[hit - 1].isNameByte
      if isWord, text.has(":", at: end, before: text.count) || text.has(" (", at: end, before: text.count) {
        return (hit, end)
      }
      from = end
    }
    return nil
  }
}
