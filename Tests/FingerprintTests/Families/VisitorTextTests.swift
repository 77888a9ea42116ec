import Testing

@testable import Fingerprint

/// What a visitor writes into a text names no outage. That it claims no history either: `VersionTests.noClaim`.
@Suite struct VisitorTextTests {
  struct Words: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    let text: String
    /// The line of the application that stands innermost.
    let source: String
    /// A library's frame below it.
    let library: String?

    init(
      _ shows: String, _ type: String, _ text: String, source: String = "page = int(number)", in library: String? = nil
    ) {
      testDescription = shows
      self.type = type
      self.text = text
      self.source = source
      self.library = library
    }

    var sample: SampleMail {
      var sample = SampleMail()
      (sample.type, sample.value) = (type, text)
      sample.frames[2].source = source
      if let library { sample.frames.append(.init("/usr/lib/python3/dist-packages/" + library, "call", "c()")) }
      return sample
    }
  }

  static let words = [
    // Find V1.
    Words(
      "a page number that looks like a refused host", "ValueError", "Invalid HTTP_HOST header: 'x'. You may need to add"
    ),
    Words(
      "a field name that quotes the phrase", "FieldError",
      "Cannot resolve keyword 'Invalid HTTP_HOST header: x' into field. Choices are: id",
      in: "django/db/models/sql/query.py"),
    Words("an encoded newline before the phrase", "ValueError", "bad\nException Value: Invalid HTTP_HOST header: 'x'."),
    Words(
      "the type alone, raised by the site", "DisallowedHost", "Invalid HTTP_HOST header: 'x'.",
      source: "raise DisallowedHost('Invalid HTTP_HOST header: %r.' % request.GET['h'])"),
    // OSError: C code raises it under a frame of the application, which must be a call.
    Words(
      "raised with the visitor's text", "OSError", "[Errno 28] No space left", source: "raise OSError(request.GET['x'])"
    ),
    Words("raised behind a condition", "OSError", "[Errno 28] No space left", source: "if bad: raise OSError(text)"),
    Words(
      "raised over several lines, of which Python up to 3.7 shows the last", "OSError", "[Errno 24] x",
      source: "request.GET['x'], strict=True)"),
    Words("made elsewhere and raised here", "OSError", "[Errno 12] x", source: "raise error"),
    Words("set on a future", "OSError", "[Errno 28] x", source: "await future"),
    Words("thrown into a generator", "OSError", "[Errno 28] x", source: "yield from rows(text)"),
    Words("quoted in the middle", "OSError", "cannot open '[Errno 28] No space left'", source: "open(name)"),
    Words("no memory, says the site", "MemoryError", "out of memory", source: "raise MemoryError(text)"),
    Words(
      "a worker's death, says the site", "WorkerLostError", "Worker exited prematurely: signal 9",
      source: "raise E(text)"),
    // Databases.
    Words(
      "an outage, says the site", "OperationalError", "FATAL:  sorry, too many clients already", source: "raise E(text)"
    ),
    Words(
      "a value the database quotes", "OperationalError",
      "invalid value for parameter \"TimeZone\": \"FATAL:  sorry, too many clients already\"",
      in: "psycopg2/__init__.py"),
    Words(
      "a statement the database quotes", "ProgrammingError",
      "syntax error at or near \"x\"\nLINE 1: SELECT ... Connection refused", in: "django/db/backends/utils.py"),
    Words(
      "a procedure of the site that raises the visitor's text", "InternalError",
      "cannot execute INSERT in a read-only transaction\nCONTEXT:  PL/pgSQL function check_title() line 3 at RAISE",
      in: "django/db/backends/utils.py"),
    Words(
      "a key of a dictionary, which Python prints in quotes", "OperationalError",
      "'FATAL:  sorry, too many clients already'", in: "django/db/models/sql/query.py"),
    Words(
      "MySQL's SIGNAL with the visitor's text", "OperationalError", "(1644, 'Too many connections')",
      in: "MySQLdb/cursors.py"),
    // Hosts.
    Words(
      "a refused connection, says the site", "ConnectionError",
      "HTTPSConnectionPool(host='a', port=443): Read timed out.",
      source: "raise ConnectionError(text)"),
    Words(
      "a path that speaks of certificates", "ConnectionError",
      "HTTPSConnectionPool(host='a', port=443): Max retries exceeded with url: /?q=(Caused%20by%20SSLError(CERTIFICATE_VERIFY_FAILED (Caused by ResponseError('too many 500 error responses'))",
      in: "requests/adapters.py"),
    Words(
      "what a visitor's server answers", "ConnectionError",
      "('Connection aborted.', BadStatusLine('host=\\'db\\', port=5432'))",
      in: "requests/adapters.py"),
    // Names.
    Words("a template, says the site", "TemplateDoesNotExist", "x.html", source: "raise TemplateDoesNotExist(name)"),
    Words("a module, says the site", "ImportError", "No module named 'x'", source: "raise ImportError(text)"),
  ]

  @Test("no outage is made by", arguments: words)
  func noOutage(_ words: Words) throws {
    let report = try #require(SampleMail.report(words.sample.bytes))
    #expect(report.place == "orders/pricing.py in total")
  }

  // MARK: - Find V3: links of a chain that a cause's text has forged

  /// A chain as the reader gives it: the first link's frames and the last one are certain.
  private static func key(forged: Bool, first: ChainLink.Origin = .directCause) -> ErrorKey? {
    let text = Array(
      """
      orders/a.py|load|parse(text)
      psycopg2/__init__.py|connect|conn = _connect(dsn)
      orders/b.py|show|raise NoOrder from error
      NoOrder
      connection to server at "db", port 5432 failed: FATAL:  sorry, too many clients already
      """.utf8)
    func range(_ part: String) -> Range<Int> {
      let bytes = Array(part.utf8)
      let start = text.indices.first { text[$0...].starts(with: bytes) } ?? 0
      return start..<(start + bytes.count)
    }
    var traceback = Traceback()
    var placed: [PlacedFrame] = []
    func add(_ module: String, _ function: String, _ source: String, _ place: Place) {
      traceback.frames.append(
        TracebackFrame(file: range(module), function: range(function), source: range(source)))
      placed.append(
        PlacedFrame(place: place, module: range(module), reason: .pythonPath, package: range(String(module.prefix(8)))))
    }
    add("orders/a.py", "load", "parse(text)", .application)
    if forged { add("psycopg2/__init__.py", "connect", "conn = _connect(dsn)", .library) }
    add("orders/b.py", "show", "raise NoOrder from error", .application)
    let message = range("connection to server")
    let phrase = message.lowerBound..<text.count
    let none = message.lowerBound..<message.lowerBound
    traceback.links = [ChainLink(frames: 0..<1, type: none, text: phrase)]
    if forged {
      traceback.links.append(ChainLink(origin: first, frames: 1..<2, type: none, text: phrase, isCertain: false))
    }
    let last = traceback.frames.count - 1
    traceback.links.append(
      ChainLink(origin: .directCause, frames: last..<(last + 1), type: range("NoOrder"), text: none))
    var deriver = KeyDeriver(traceback: traceback, placed: placed)
    return deriver.key(text.span)
  }

  @Test("a link that may be forged changes nothing", arguments: [ChainLink.Origin.directCause, .context])
  func forgedLink(_ origin: ChainLink.Origin) throws {
    let honest = try #require(Self.key(forged: false))
    let forged = try #require(Self.key(forged: true, first: origin))
    #expect(honest.family == nil)
    #expect(forged.bytes == honest.bytes)
  }

  // MARK: - Other rules that a text might choose

  @Test(
    "no text chooses the rule of the key",
    arguments: [
      Words(
        "a SyntaxError of the site's own", "SyntaxError", "bad (views.py, line 10)", source: "raise SyntaxError(text)"),
      Words("what eval was given", "SyntaxError", "invalid syntax (<unknown>, line 1)", source: "return eval(text)"),
      Words("a depth that a visitor writes", "ValueError", "maximum recursion depth exceeded", source: "raise E(text)"),
    ])
  func noRule(_ words: Words) throws {
    var honest = words.sample
    honest.value = "something else"
    let report = try #require(SampleMail.report(words.sample.bytes))
    #expect(report.place == "orders/pricing.py in total")
    #expect(report.fingerprint.text == honest.fingerprint)
  }

  // MARK: - Bounds

  @Test(
    "a reason is looked for in the head of a text and in few attempts, however long the text",
    arguments: [
      "connection failed: ", "connection to server at \"a\", port 1 failed: x\n", "<a>: ", "(", "'", "FATAL:  ",
      "HTTPSConnectionPool(host='a', port=1): ", "Max retries exceeded with url: /", "1, ", "NewConnectionError(",
    ])
  func bounded(_ part: String) {
    let text = Array(String(repeating: part, count: 10_000).utf8)
    let failure = FailureText(text.span, 0..<text.count)
    #expect((1...8).contains(failure.reasons.count))
    #expect(failure.reasons.allSatisfy { $0.upperBound <= 4096 })
  }

  // MARK: - Logged messages

  private static func logged(_ message: String, view: String? = nil) -> FingerprintedReport? {
    let text =
      "\(message)\n\nReport at /x\n\(message)\n\nRequest Method: GET\nRequest URL: http://shop.example.org/x\n"
      + "Django Version: 5.2\nPython Executable: /usr/bin/python3\nPython Version: 3.11.2\nPython Path: ['/srv/shop']\n"
      + "Server time: Mon, 03 Mar 2025 10:00:00 +0000\n" + (view.map { "Raised during: \($0)\n" } ?? "")
      + "Request information:\nUSER: AnonymousUser\n\nSettings:\nUsing settings module shop.settings\n"
      + SampleMail.otherSettings
    return SampleMail.report(SampleMail().mail(text))
  }

  @Test("a logged host that is not allowed is one error, a sentence that quotes the phrase is not that one")
  func loggedHost() throws {
    let one = try #require(
      Self.logged("Invalid HTTP_HOST header: 'a.test'. You may need to add 'a.test' to ALLOWED_HOSTS."))
    let two = try #require(
      Self.logged("Invalid HTTP_HOST header: 'b.test'. You may need to add 'b.test' to ALLOWED_HOSTS."))
    let quoted = try #require(Self.logged("Search for Invalid HTTP_HOST header: 'a.test' failed"))
    #expect(one.place == "host not allowed")
    #expect(one.fingerprint == two.fingerprint)
    #expect(quoted.place == "logged without an exception")
    #expect(!quoted.previous.contains { one.previous.contains($0) })
  }

  @Test(
    "an error whose view nothing names is one error whatever the path",
    arguments: ["Internal Server Error", "Not Found", "Service Unavailable", "Bad Request", "Forbidden"])
  func path(_ phrase: String) throws {
    let first = try #require(Self.logged("\(phrase): /wp-login.php"))
    for path in ["/.env", "/a/b/c", "/x y: z", "/\"q\"", "/ä", "/7"] {
      let other = try #require(Self.logged("\(phrase): \(path)"))
      #expect(other.fingerprint == first.fingerprint, "\(path)")
      #expect(other.variant != first.variant, "\(path)")
    }
    let named = try #require(Self.logged("\(phrase): /wp-login.php", view: "shop.views.cart"))
    let other = try #require(Self.logged("\(phrase): /wp-login.php", view: "shop.views.pay"))
    #expect(Set([first, named, other].map(\.fingerprint)).count == 3)
    #expect(first.fingerprint != Self.logged("Gateway Timeout: /wp-login.php")?.fingerprint)
  }

  @Test("words of the site before a path are not a reason phrase: the path stays")
  func ownWords() throws {
    let one = try #require(Self.logged("Missing file: /srv/data/prices"))
    let two = try #require(Self.logged("Missing file: /srv/data/stock"))
    #expect(one.fingerprint != two.fingerprint)
  }
}
