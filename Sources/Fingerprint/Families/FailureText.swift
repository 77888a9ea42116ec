import MailMessage

/// The message of a driver or a library about a failure, read from its beginning: the prefixes that name the server are
/// taken off one by one, and the rest begins with the reason.
///
///     connection to server at "db" (10.0.0.5), port 5432 failed: FATAL:  sorry, too many clients already
///     (2003, "Can't connect to MySQL server on 'db:3306' (111)")
///     HTTPSConnectionPool(host='api', port=443): Max retries exceeded with url: /x (Caused by SSLError(…
///
/// A phrase only counts where the raising code puts it. Quotations further inside (a value, a statement, a URL) may be
/// a visitor's and are skipped. Reads no more than 4 KiB.
struct FailureText {
  /// The reason of each attempt, from its start: libpq tries one address after the other and reports all of them.
  private(set) var reasons: [Range<Int>] = []
  private(set) var endpoint: [UInt8]?
  /// The number of MySQL, `2003` of `(2003, "Can't connect …`, or nil if there is none.
  private(set) var code: Int?
  /// True if the prefixes say that a connection could not be made.
  private(set) var isConnecting = false
  /// True if the server itself answered: `FATAL:  …`.
  private(set) var hasSeverity = false

  init(_ text: borrowing Span<UInt8>, _ message: Range<Int>) {
    let end = Swift.min(message.upperBound, message.lowerBound + 4096)
    add(text, from: message.lowerBound, end: end)
    guard isConnecting else { return }
    var line = text.line(at: message.lowerBound, before: end)
    var lines = 0
    while line.upperBound < end, lines < 32 {
      line = text.line(at: text.next(after: line, before: end), before: end)
      lines += 1
      guard text.has("connection to server ", at: line.lowerBound, before: end), reasons.count < 8 else { continue }
      add(text, from: line.lowerBound, end: end)
    }
  }

  private mutating func add(_ text: borrowing Span<UInt8>, from start: Int, end: Int) {
    var at = start
    var steps = 0
    while steps < 12, at < end, let next = skip(text, at, start: start, end: end), next > at {
      at = next
      steps += 1
    }
    reasons.append(at..<Swift.max(at, end))
    if endpoint == nil { endpoint = Endpoint.behind(text, reason: at..<Swift.max(at, end)) }
  }

  /// The position after one prefix that begins at `at`, or nil if none does.
  private mutating func skip(_ text: borrowing Span<UInt8>, _ at: Int, start: Int, end: Int) -> Int? {
    for prefix: StaticString in Self.connecting where text.has(prefix, at: at, before: end) {
      isConnecting = true
      return at + prefix.utf8CodeUnitCount
    }
    for prefix: StaticString in Self.plain where text.has(prefix, at: at, before: end) {
      return at + prefix.utf8CodeUnitCount
    }
    if at == start {
      if let next = number(text, at, end) { return next }
    } else if text[at] == UInt8(ascii: "'") || text[at] == UInt8(ascii: "\"") {
      // Only after a prefix: a text that begins with a quote is a KeyError's, and the key may be a visitor's.
      return at + 1
    }
    return server(text, at, end) ?? severity(text, at, end) ?? translated(text, at, end)
      ?? pool(text, at, end) ?? retries(text, at, end)
      ?? object(text, at, end)
  }

  private static let connecting: [StaticString] = [
    "connection failed: ", "connection is bad: ", "could not connect to server: ",
    "Failed to establish a new connection: ", "NewConnectionError(",
  ]
  private static let plain: [StaticString] = [
    "consuming input failed: ", "sending query failed: ", "sending query and params failed: ", "flushing failed: ",
    "<urlopen error ", "Multiple exceptions: ", "SSLError(", "SSLCertVerificationError(", "MaxRetryError(", "('", "(\"",
  ]

  // MARK: - Prefixes

  /// Skips the prefix of libpq (`fe-connect.c`): `connection to server at "db" (10.0.0.5), port 5432 failed: `,
  /// `… on socket "/run/x" failed: `.
  private mutating func server(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    let isSocket = text.has("connection to server on socket ", at: at, before: end)
    guard isSocket || text.has("connection to server at ", at: at, before: end),
      let name = Endpoint.quotedText(text, at: at + (isSocket ? 31 : 24), end: end)
    else { return nil }
    let line = text.line(at: name.upperBound, before: end)
    guard let failed = text.firstIndex(of: " failed: ", in: line) else { return nil }
    let port = Endpoint.port(text, behind: ", port ", in: name.upperBound..<failed)
    if endpoint == nil { endpoint = isSocket ? Endpoint.socket(text, name) : Endpoint.joined(text, name, port) }
    isConnecting = true
    return failed + 9
  }

  /// Skips a severity, `FATAL:  `, `ВАЖНО:  `: one word, a colon, two blanks.
  private mutating func severity(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    var index = at
    while index < end, index - at < 32, text[index].isLetter || text[index] >= 0x80 { index += 1 }
    guard index > at, text.has(":  ", at: index, before: end) else { return nil }
    hasSeverity = true
    return index + 3
  }

  /// Skips the prefix or severity in the language of the process:
  /// `Verbindung zum Server auf »db« (10.0.0.5), Port 5432 fehlgeschlagen: `, `ÖLÜMCÜL (FATAL):  `.
  private mutating func translated(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    if let next = PostgreSQLMessages.behindSeverity(text, at: at, before: end) {
      hasSeverity = true
      return next
    }
    guard let found = PostgreSQLMessages.find(text, at..<end), found.kind == .connecting,
      let server = found.values.first, let reason = found.values.last, found.values.count > 1
    else { return nil }
    isConnecting = true
    if endpoint == nil {
      let port = found.values[found.values.count - 2]
      let isSocket = text[server.lowerBound] == UInt8(ascii: "/")
      endpoint =
        isSocket ? Endpoint.socket(text, server) : Endpoint.joined(text, server, port == server ? nil : port)
    }
    return reason.lowerBound
  }

  /// Skips a number: MySQL's `(2003, "`, mysql-connector's `2003 (HY000): ` and `2003: `, and `1, '` in the arguments
  /// of ssl.
  private mutating func number(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    let isTuple = text[at] == UInt8(ascii: "(")
    let first = isTuple ? at + 1 : at
    var index = first
    var value = 0
    while index < end, text[index].isDigit, index - first < 5 {
      value = value * 10 + Int(text[index] - 0x30)
      index += 1
    }
    guard index > first else { return nil }
    if isTuple, text.has(", ", at: index, before: end) {
      code = value
      return index + 2
    }
    if text.has(" (", at: index, before: end), text.has("): ", at: index + 7, before: end) { index += 8 }
    guard !isTuple, text.has(": ", at: index, before: end) else { return nil }
    code = value
    return index + 2
  }

  /// Skips `HTTPSConnectionPool(host='api', port=443): ` of urllib3.
  private mutating func pool(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    var index = at
    while index < end, index - at < 64, text[index].isNameByte { index += 1 }
    guard index > at, text.has("(host=", at: index, before: end),
      let host = Endpoint.quotedText(text, at: index + 6, end: end),
      text.has(", port=", at: host.upperBound + 1, before: end)
    else { return nil }
    let digits = host.upperBound + 8
    var stop = digits
    while stop < end, text[stop].isNameByte { stop += 1 }
    guard text.has("): ", at: stop, before: end) else { return nil }
    let hasPort = digits < stop && text[digits].isDigit
    if endpoint == nil { endpoint = Endpoint.joined(text, host, hasPort ? digits..<stop : nil) }
    return stop + 3
  }

  /// Skips `Max retries exceeded with url: /path?query (Caused by ` of urllib3. The URL may be the visitor's. It has no
  /// blanks; if it does, the reason after it is not trusted.
  private func retries(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    guard text.has("Max retries exceeded with url: ", at: at, before: end) else { return nil }
    var index = at + 31
    while index < end, !text[index].isBlank { index += 1 }
    return text.has(" (Caused by ", at: index, before: end) ? index + 12 : nil
  }

  /// Skips `<urllib3.connection.HTTPConnection object at 0x7f54>: `, and the number in `SSLCertVerificationError(1, '`.
  private func object(_ text: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int? {
    if text[at] == UInt8(ascii: "<") {
      guard let close = text.firstIndex(of: UInt8(ascii: ">"), in: at..<Swift.min(end, at + 200)) else { return nil }
      return text.has(": ", at: close + 1, before: end) ? close + 3 : nil
    }
    guard text[at].isDigit, text.has(", ", at: at + 1, before: end) else { return nil }
    return at + 3
  }
}
