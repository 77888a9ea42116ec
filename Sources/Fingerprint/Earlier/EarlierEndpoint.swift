import MailMessage

/// The endpoint that failed, as versions 1 and 2 found it anywhere in a message: a host and port, or a socket. Frozen,
/// see `EarlierFamilyTable`.
///
/// A server on this machine is one server however it is reached: `127.0.0.1`, `localhost`, `::1` and a socket in
/// `/var/run/postgresql` all read `local`, with the port that PostgreSQL puts into the socket's name.
enum EarlierEndpoint {
  /// Returns the endpoint named in a message about a connection, or nil if it names none.
  static func find(_ text: borrowing Span<UInt8>, in range: Range<Int>) -> [UInt8]? {
    socket(text, range) ?? hostAndPort(text, range) ?? hostOnly(text, range) ?? url(text, range)
  }

  // MARK: - Sockets

  /// Reads `on socket "/var/run/postgresql/.s.PGSQL.5432"`, `through socket '/run/mysqld/mysqld.sock'`.
  private static func socket(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    guard let hit = text.firstIndex(of: "socket ", in: range), hit + 8 < range.upperBound,
      let path = quotedText(text, at: hit + 7, end: range.upperBound)
    else { return nil }
    let start = text.lastIndex(of: UInt8(ascii: "."), in: path).map { $0 + 1 } ?? path.upperBound
    let isPort = start < path.upperBound && digits(text, start, path.upperBound) == path.upperBound
    return Array("local".utf8) + (isPort ? Array(":".utf8) + bytes(text, start..<path.upperBound) : [])
  }

  // MARK: - Hosts

  private static func hostAndPort(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    // psycopg: connection to server at "db.example.com" (10.0.0.5), port 5432 failed
    if let hit = text.firstIndex(of: "server at ", in: range),
      let host = quotedText(text, at: hit + 10, end: range.upperBound)
    {
      return joined(text, host, port(text, behind: ", port ", in: host.upperBound..<range.upperBound))
    }
    // libpq up to 13: Is the server running on host "db" (10.0.0.5) and accepting TCP/IP connections on port 5432?
    if let hit = text.firstIndex(of: "on host ", in: range),
      let host = quotedText(text, at: hit + 8, end: range.upperBound)
    {
      return joined(text, host, port(text, behind: "port ", in: host.upperBound..<range.upperBound))
    }
    // urllib3: HTTPSConnectionPool(host='api.example.com', port=443)
    if let hit = text.firstIndex(of: "host=", in: range),
      let host = quotedText(text, at: hit + 5, end: range.upperBound)
    {
      return joined(text, host, port(text, behind: "port=", in: host.upperBound..<range.upperBound))
    }
    // asyncio: Connect call failed ('127.0.0.1', 5432)
    if let hit = text.firstIndex(of: "Connect call failed (", in: range),
      let host = quotedText(text, at: hit + 21, end: range.upperBound)
    {
      return joined(text, host, port(text, behind: ", ", in: host.upperBound..<range.upperBound))
    }
    // MySQL: Can't connect to MySQL server on 'db.example.com:3306' (111)
    if let hit = text.firstIndex(of: "server on ", in: range),
      let host = quotedText(text, at: hit + 10, end: range.upperBound)
    {
      return bare(text, host)
    }
    return bareHost(text, range)
  }

  /// Reads `Error 111 connecting to cache:6379.` of redis, `Cannot connect to host api.example.com:443 ssl:…` of
  /// aiohttp.
  private static func bareHost(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    for phrase: StaticString in ["connecting to ", "connect to host ", "Connection to "] {
      guard let hit = text.firstIndex(of: phrase, in: range) else { continue }
      let start = hit + phrase.utf8CodeUnitCount
      var stop = start
      while stop < range.upperBound, isHostByte(text[stop]) || text[stop] == UInt8(ascii: ":") { stop += 1 }
      while stop > start, text[stop - 1] == UInt8(ascii: ".") || text[stop - 1] == UInt8(ascii: ":") { stop -= 1 }
      if stop - start > 2, text.firstIndex(of: UInt8(ascii: ":"), in: start..<stop) != nil {
        return bare(text, start..<stop)
      }
    }
    return nil
  }

  private static func hostOnly(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    for phrase: StaticString in [
      "translate host name ", "Failed to resolve ", "failed to resolve host ", "MySQL server host ", "host name ",
    ] {
      if let hit = text.firstIndex(of: phrase, in: range),
        let host = quotedText(text, at: hit + phrase.utf8CodeUnitCount, end: range.upperBound)
      {
        return bare(text, host)
      }
    }
    return nil
  }

  /// Reads the URL's host from `Could not connect to the endpoint URL: "https://sqs.eu-west-1.amazonaws.com/"` of
  /// botocore.
  private static func url(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8]? {
    guard let hit = text.firstIndex(of: "://", in: range) else { return nil }
    var stop = hit + 3
    while stop < range.upperBound, isHostByte(text[stop]) || text[stop] == UInt8(ascii: ":") { stop += 1 }
    return stop > hit + 3 ? bare(text, (hit + 3)..<stop) : nil
  }

  // MARK: - Pieces

  private static func isHostByte(_ byte: UInt8) -> Bool {
    byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
  }

  /// The text between quotes that open at `index`, or nil if it is empty or 299 octets and longer.
  static func quotedText(_ text: borrowing Span<UInt8>, at index: Int, end: Int) -> Range<Int>? {
    guard index < end, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\""),
      let close = text.firstIndex(of: text[index], in: (index + 1)..<end), close > index + 1, close - index < 300
    else { return nil }
    return (index + 1)..<close
  }

  private static func port(_ text: borrowing Span<UInt8>, behind word: StaticString, in range: Range<Int>)
    -> Range<Int>?
  {
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

  private static func bytes(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    for index in range { output.append(text[index]) }
    return output
  }

  private static func joined(_ text: borrowing Span<UInt8>, _ host: Range<Int>, _ port: Range<Int>?) -> [UInt8] {
    bare(text, host) + (port.map { Array(":".utf8) + bytes(text, $0) } ?? [])
  }

  /// Returns the name of the server, with `local` for this machine: `127.0.0.1:6379` → `local:6379`.
  private static func bare(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> [UInt8] {
    if text.equals(name, "::1") { return Array("local".utf8) }
    let colon = text.lastIndex(of: UInt8(ascii: ":"), in: name)
    let host = name.lowerBound..<(colon ?? name.upperBound)
    guard
      text.has("127.", at: host.lowerBound, before: host.upperBound) || text.equals(host, "localhost")
        || text.equals(host, "0.0.0.0") || text.equals(host, "::1")
    else { return bytes(text, name) }
    return Array("local".utf8) + (colon.map { bytes(text, $0..<name.upperBound) } ?? [])
  }
}
