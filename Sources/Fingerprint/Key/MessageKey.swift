import MailMessage

/// The key of a logged message without an exception.
struct MessageKey {
  let algorithm: Algorithm
  let records: Bool
  private(set) var applied: [AppliedRule] = []
  /// True if the versions before 3 make the same key as version 3.
  private(set) var isAsBefore = true

  init(algorithm: Algorithm = .current, records: Bool) {
    self.algorithm = algorithm
    self.records = records
  }

  /// Returns the key, or nil if the message has no letters.
  ///
  /// - Parameters:
  ///   - isDjango: true if the message stands in Django's report layout.
  ///   - hasMoreLines: true if `line` is only the first line of the message.
  mutating func key(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?, isDjango: Bool, hasMoreLines: Bool = false
  ) -> ErrorKey? {
    let wasDisallowed = text.firstIndex(of: Self.disallowedHost, in: line) != nil
    if isDjango, text.has(Self.disallowedHost, at: line.lowerBound, before: line.upperBound) {
      return Self.family(.disallowedHost)
    }
    isAsBefore = !wasDisallowed
    var writer = KeyWriter(.message)
    var variant = KeyWriter(.message)
    var normalizer = TextNormalizer(
      isLogMessage: true, readsAllQuotes: algorithm.knowsLanguages, records: records)
    var normalized = normalizer.normalize(text, line)
    var plain = TextNormalizer()
    if let phrase = Self.reasonPhrase(text, line) {
      // `Service Unavailable: /cart/`: the view is what fails. If nothing names it, the path would have to, but bots
      // try any path, so it only makes a variant.
      normalized = FamilySubject.copy(text, phrase)
      if let view { normalized += FamilySubject.copy(text, view) } else { isAsBefore = false }
      variant.add(normalized + Self.pathPattern(text, phrase.upperBound..<line.upperBound))
    } else if let path = Self.requestPath(text, line) {
      normalized = FamilySubject.copy(text, line.lowerBound..<path.lowerBound)
      normalized += view.map { FamilySubject.copy(text, $0) } ?? Self.pathPattern(text, path)
      variant.add(plain.normalize(text, line))
    } else {
      if algorithm.knowsLanguages, let end = Self.attempt(text, line) {
        var upToAttempt = TextNormalizer(isLogMessage: true, records: records)
        normalized = upToAttempt.normalize(text, line.lowerBound..<end) + Array(" (again)".utf8)
      }
      if algorithm.knowsLanguages { normalized += Self.named(text, line) }
      applied = normalizer.applied
      variant.add(plain.normalize(text, line))
      // A visitor's line end may have cut the message to the words of another one.
      if hasMoreLines {
        normalized += Array(" …".utf8)
        isAsBefore = false
      }
    }
    guard normalized.contains(where: { $0.isLetter || $0 >= 0x80 }) else { return nil }
    writer.add(normalized)
    return ErrorKey(
      rule: .message, bytes: writer.bytes, family: nil, frame: nil, normalized: normalized, variant: variant.bytes)
  }

  /// The part that tells two messages of Celery apart and is data elsewhere: the server that a consumer cannot reach,
  /// and the signal that ended a process of the pool (`celery/worker/consumer/consumer.py`, `billiard/pool.py`). Empty
  /// for other messages.
  private static func named(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> [UInt8] {
    if text.has("consumer: Cannot connect to ", at: line.lowerBound, before: line.upperBound) {
      return Endpoint.url(text, line).map { Array(" ".utf8) + $0 } ?? []
    }
    guard text.has("Process '", at: line.lowerBound, before: line.upperBound),
      let hit = text.firstIndex(of: " exited with 'signal ", in: line)
    else { return [] }
    var end = hit + 21
    while end < line.upperBound, text[end].isDigit, end < hit + 24 { end += 1 }
    return FamilySubject.copy(text, hit + 14..<end)
  }

  /// The position where a message begins to count its attempts:
  /// `Connection to Redis lost: Retry (1/20) in 1.00 second.` Nil if it does not.
  private static func attempt(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Int? {
    for words: StaticString in [" Retry (", " Retrying in ", " retrying in ", " Trying again in ", " Will retry in "] {
      guard let hit = text.firstIndex(of: words, in: line), hit > line.lowerBound else { continue }
      let next = hit + words.utf8CodeUnitCount
      if next < line.upperBound, text[next].isDigit { return hit }
    }
    return nil
  }

  private static func family(_ family: Family) -> ErrorKey {
    var writer = KeyWriter(.family)
    writer.add(family.rawValue)
    writer.add([UInt8]())
    return ErrorKey(
      rule: .family, bytes: writer.bytes, family: FamilyMatch(family: family, subject: [], link: 0), frame: nil)
  }

  /// The beginning of `django.http.request`'s message that a host is not in ALLOWED_HOSTS;
  /// `django.security.DisallowedHost` logs it. Only its beginning counts: a sentence that quotes a visitor's words may
  /// contain it anywhere.
  private static let disallowedHost: StaticString = "Invalid HTTP_HOST header: "

  /// The `Internal Server Error: ` of the line that `django.utils.log.log_response` writes: a reason phrase of HTTP and
  /// the path, which may contain anything, including blanks. Nil for other lines.
  private static func reasonPhrase(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Range<Int>? {
    for phrase in reasonPhrases where text.has(phrase, at: line.lowerBound, before: line.upperBound) {
      let end = line.lowerBound + phrase.utf8CodeUnitCount
      if text.has(": /", at: end, before: line.upperBound) { return line.lowerBound..<(end + 2) }
    }
    return nil
  }

  /// The reason phrases of the status codes from 400 on, as Python's `http.client.responses` and Django word them.
  private static let reasonPhrases: [StaticString] = [
    "Internal Server Error", "Service Unavailable", "Bad Request", "Not Found", "Forbidden", "Unauthorized",
    "Payment Required", "Method Not Allowed", "Not Acceptable", "Proxy Authentication Required", "Request Timeout",
    "Conflict", "Gone", "Length Required", "Precondition Failed", "Request Entity Too Large", "Content Too Large",
    "Request-URI Too Long", "URI Too Long", "Unsupported Media Type", "Requested Range Not Satisfiable",
    "Range Not Satisfiable", "Expectation Failed", "I'm a Teapot", "Misdirected Request", "Unprocessable Entity",
    "Unprocessable Content", "Locked", "Failed Dependency", "Too Early", "Upgrade Required", "Precondition Required",
    "Too Many Requests", "Request Header Fields Too Large", "Unavailable For Legal Reasons", "Not Implemented",
    "Bad Gateway", "Gateway Timeout", "HTTP Version Not Supported", "Variant Also Negotiates", "Insufficient Storage",
    "Loop Detected", "Not Extended", "Network Authentication Required", "Unknown Status Code",
  ]

  /// The path in `Internal Server Error: /shop/cart/17/`, as `django.utils.log.log_response` writes it, or nil.
  static func requestPath(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Range<Int>? {
    guard let colon = text.firstIndex(of: ": /", in: line) else { return nil }
    for index in line.lowerBound..<colon where !text[index].isLetter && !text[index].isBlank { return nil }
    let path = text.trimmed((colon + 2)..<line.upperBound)
    return text.firstIndex(of: UInt8(ascii: " "), in: path) == nil ? path : nil
  }

  /// Returns the path without its numbers: `/shop/cart/#/`.
  static func pathPattern(_ text: borrowing Span<UInt8>, _ path: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    var start = path.lowerBound
    for index in path.prefix(300) where text[index] == UInt8(ascii: "/") || index + 1 == path.upperBound {
      let isLast = text[index] != UInt8(ascii: "/")
      let segment = start..<(isLast ? index + 1 : index)
      switch WordShape(text, segment) {
      case .plain: output += FamilySubject.copy(text, segment)
      default: output.append(UInt8(ascii: "#"))
      }
      if !isLast { output.append(UInt8(ascii: "/")) }
      start = index + 1
    }
    return output
  }
}
