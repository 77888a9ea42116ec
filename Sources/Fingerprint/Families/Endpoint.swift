import MailMessage

/// The endpoint that failed, as the message names it: a host and port, or a socket.
///
/// A server on this machine is one server however it is reached: `127.0.0.1`, `localhost`, `::1` and a socket in
/// `/var/run/postgresql` all read `local`, with the port that PostgreSQL puts into the socket's name.
enum Endpoint {
  /// Returns the endpoint that a reason names right after its first words, or nil if it names none.
  static func behind(_ text: borrowing Span<UInt8>, reason: Range<Int>) -> [UInt8]? {
    let (at, end) = (reason.lowerBound, reason.upperBound)
    for phrase: StaticString in quoted where text.has(phrase, at: at, before: end) {
      return quotedText(text, at: at + phrase.utf8CodeUnitCount, end: end).map { bare(text, $0) }
    }
    for phrase: StaticString in sockets where text.has(phrase, at: at, before: end) {
      return quotedText(text, at: at + phrase.utf8CodeUnitCount, end: end).map { socket(text, $0) }
    }
    for phrase: StaticString in urls where text.has(phrase, at: at, before: end) {
      return quotedText(text, at: at + phrase.utf8CodeUnitCount, end: end).flatMap { url(text, $0) }
    }
    return connectCall(text, reason) ?? connecting(text, reason) ?? isServerRunning(text, reason)
  }

  private static let quoted: [StaticString] = [
    "Can't connect to MySQL server on ", "Can't connect to server on ", "could not translate host name ",
    "failed to resolve host ", "Failed to resolve ", "Unknown MySQL server host ", "Unknown server host ",
  ]
  private static let sockets: [StaticString] = [
    "Can't connect to local MySQL server through socket ", "Can't connect to local server through socket ",
  ]
  private static let urls: [StaticString] = [
    "Could not connect to the endpoint URL: ", "Connect timeout on endpoint URL: ", "Read timeout on endpoint URL: ",
    "Connection was closed before we received a valid response from endpoint URL: ",
  ]

  /// Reads `[Errno 111] Connect call failed ('127.0.0.1', 5432)` of asyncio.
  private static func connectCall(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    guard text.has("[Errno ", at: reason.lowerBound, before: reason.upperBound),
      let close = text.firstIndex(
        of: UInt8(ascii: "]"), in: reason.lowerBound..<Swift.min(reason.upperBound, reason.lowerBound + 16)),
      text.has(" Connect call failed (", at: close + 1, before: reason.upperBound),
      let host = quotedText(text, at: close + 23, end: reason.upperBound)
    else { return nil }
    return joined(
      text, host, port(text, behind: ", ", in: host.upperBound..<Swift.min(reason.upperBound, host.upperBound + 16)))
  }

  /// Reads `Error 111 connecting to cache:6379. ` of redis, `Cannot connect to host api.example.com:443 ssl:…` of
  /// aiohttp.
  private static func connecting(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    var start = reason.lowerBound
    if text.has("Cannot connect to host ", at: start, before: reason.upperBound) {
      start += 23
    } else if let behind = redisError(text, reason) {
      start = behind
    } else {
      return nil
    }
    return hostAndPort(text, start..<reason.upperBound)
  }

  /// Reads `Timeout reading from cache-1:6379`, `Error while reading from cache-1:6379 : (104, 'Connection reset …`
  /// of redis-py.
  static func readFrom(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    let line = text.line(at: reason.lowerBound, before: Swift.min(reason.upperBound, reason.lowerBound + 1000))
    if text.has("Error Multiple exceptions: ", at: line.lowerBound, before: line.upperBound),
      let hit = text.lastIndex(of: " connecting to ", in: line)
    {
      return hostAndPort(text, hit + 15..<line.upperBound)
    }
    for words: StaticString in ["Timeout reading from ", "Error while reading from ", "Timeout connecting to "]
    where text.has(words, at: reason.lowerBound, before: reason.upperBound) {
      return hostAndPort(text, reason.lowerBound + words.utf8CodeUnitCount..<reason.upperBound)
    }
    return nil
  }

  /// Reads `error 3 from memcached_get(:1:k): (0x55d0) CONNECTION FAILURE,  host: 10.0.0.5:11211 -> …` of
  /// libmemcached. A key has no blanks, so it cannot look like that.
  static func memcached(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    let line = text.line(at: reason.lowerBound, before: Swift.min(reason.upperBound, reason.lowerBound + 1000))
    guard let hit = text.lastIndex(of: " host: ", in: line) else { return nil }
    return hostAndPort(text, hit + 7..<line.upperBound)
  }

  /// Reads `cache-1:6379` at the beginning of a range.
  private static func hostAndPort(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    let start = range.lowerBound
    var stop = start
    while stop < range.upperBound, isHostByte(text[stop]) || text[stop] == UInt8(ascii: ":") { stop += 1 }
    while stop > start, text[stop - 1] == UInt8(ascii: ".") || text[stop - 1] == UInt8(ascii: ":") { stop -= 1 }
    guard stop > start, text.firstIndex(of: UInt8(ascii: ":"), in: start..<stop) != nil else { return nil }
    return bare(text, start..<stop)
  }

  /// The start of the host in redis-py's `Error 111 connecting to `, `Error -2 connecting to `, or nil for other text.
  static func redisError(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> Int? {
    guard text.has("Error ", at: reason.lowerBound, before: reason.upperBound) else { return nil }
    var index = reason.lowerBound + 6
    if index < reason.upperBound, text[index] == UInt8(ascii: "-") { index += 1 }
    while index < reason.upperBound, text[index].isDigit { index += 1 }
    return text.has(" connecting to ", at: index, before: reason.upperBound) ? index + 15 : nil
  }

  /// Reads the lines that libpq up to 13 puts under the reason:
  /// `Is the server running on host "db" (10.0.0.5) and accepting TCP/IP connections on port 5432?`,
  /// `Is the server running locally … socket "/var/run/postgresql/.s.PGSQL.5432"?`.
  private static func isServerRunning(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    let first = text.line(at: reason.lowerBound, before: reason.upperBound)
    let at = text.next(after: first, before: reason.upperBound)
    let rest = at..<Swift.min(reason.upperBound, at + 400)
    if text.has("\tIs the server running on host ", at: at, before: rest.upperBound),
      let host = quotedText(text, at: at + 31, end: rest.upperBound)
    {
      return joined(text, host, port(text, behind: "port ", in: host.upperBound..<rest.upperBound))
    }
    guard text.has("\tIs the server running locally", at: at, before: rest.upperBound),
      let hit = text.firstIndex(of: "socket ", in: rest), let path = quotedText(text, at: hit + 7, end: rest.upperBound)
    else { return nil }
    return socket(text, path)
  }

  /// The host and port of a URL: `https://sqs.eu-west-1.amazonaws.com/`.
  static func url(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    guard let hit = text.firstIndex(of: "://", in: range) else { return nil }
    var stop = hit + 3
    while stop < range.upperBound, isHostByte(text[stop]) || text[stop] == UInt8(ascii: ":") { stop += 1 }
    return stop > hit + 3 ? bare(text, (hit + 3)..<stop) : nil
  }

  // MARK: - Pieces

  static func isHostByte(_ byte: UInt8) -> Bool {
    byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
  }

  /// The text between quotes that open at `index`, or nil if it is empty or they do not close within 300 octets.
  static func quotedText(_ text: borrowing Span<UInt8>, at index: Int, end: Int) -> Range<Int>? {
    guard index < end, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\""),
      let close = text.firstIndex(of: text[index], in: (index + 1)..<Swift.min(end, index + 300)), close > index + 1
    else { return nil }
    return (index + 1)..<close
  }

  static func port(_ text: borrowing Span<UInt8>, behind word: StaticString, in range: Range<Int>) -> Range<Int>? {
    guard let hit = text.firstIndex(of: word, in: range) else { return nil }
    let start = hit + word.utf8CodeUnitCount
    let stop = digits(text, start, range.upperBound)
    return stop > start ? start..<stop : nil
  }

  private static func digits(_ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var index = start
    while index < end, text[index].isDigit { index += 1 }
    return index
  }

  /// Returns `local:5432` for `/var/run/postgresql/.s.PGSQL.5432`, and `local` for a socket without a port in its name.
  static func socket(_ text: borrowing Span<UInt8>, _ path: Range<Int>) -> [UInt8] {
    let start = text.lastIndex(of: UInt8(ascii: "."), in: path).map { $0 + 1 } ?? path.upperBound
    let isPort = start < path.upperBound && digits(text, start, path.upperBound) == path.upperBound
    return Array("local".utf8) + (isPort ? Array(":".utf8) + FamilySubject.copy(text, start..<path.upperBound) : [])
  }

  static func joined(_ text: borrowing Span<UInt8>, _ host: Range<Int>, _ port: Range<Int>?) -> [UInt8] {
    bare(text, host) + (port.map { Array(":".utf8) + FamilySubject.copy(text, $0) } ?? [])
  }

  /// Returns the name of the server, with `local` for this machine: `127.0.0.1:6379` → `local:6379`.
  private static func bare(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> [UInt8] {
    if text.equals(name, "::1") { return Array("local".utf8) }
    let colon = text.lastIndex(of: UInt8(ascii: ":"), in: name)
    let host = name.lowerBound..<(colon ?? name.upperBound)
    guard
      isLoopbackAddress(text, host) || text.equals(host, "localhost") || text.equals(host, "0.0.0.0")
        || text.equals(host, "::1")
    else { return FamilySubject.copy(text, name) }
    return Array("local".utf8) + (colon.map { FamilySubject.copy(text, $0..<name.upperBound) } ?? [])
  }

  /// True for `127.0.0.1`, but not for `127.example.org`, which may belong to anyone.
  private static func isLoopbackAddress(_ text: borrowing Span<UInt8>, _ host: Range<Int>) -> Bool {
    guard text.has("127.", at: host.lowerBound, before: host.upperBound) else { return false }
    for index in host where !text[index].isDigit && text[index] != UInt8(ascii: ".") { return false }
    return true
  }
}
