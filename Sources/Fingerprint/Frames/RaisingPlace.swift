import MailMessage

/// The kind of server that a piece of library code talks to.
enum Service: Sendable, Equatable {
  case database, cache, broker, mail
  /// A client of HTTP or the like: the code that uses it chooses the host, and so may a visitor.
  case http
  /// Sockets, TLS and event loops of Python itself, under code that is none of the others.
  case socket

  /// True if the host of the service is a setting of the site, never the value of a request.
  var isConfigured: Bool { self != .http && self != .socket }
}

/// The program that a family's error comes from, used where the endpoint does not tell: each may be down by itself.
enum Engine: String, Sendable {
  case postgreSQL = "postgresql"
  case mySQL = "mysql"
  case sqlite, oracle, redis, memcached
}

/// The place where one exception of a chain was raised, according to its frames: only the code that ran can produce
/// those.
struct RaisingPlace {
  /// All frames of the exception.
  let link: Range<Int>
  /// The frames below the innermost one of the application. Empty if that frame itself raised.
  let tail: Range<Int>
  /// The application's frame above the tail, or nil if there is none. The code that it called raised, or it did itself.
  let caller: Int?
  /// The frame that raised, not counting monitoring, or nil if there is none.
  let innermost: Int?
  let service: Service?
  let engine: Engine?

  init(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ placed: [PlacedFrame]) {
    var start = link.frames.upperBound
    while start > link.frames.lowerBound, placed[start - 1].place != .application { start -= 1 }
    self.link = link.frames
    tail = start..<link.frames.upperBound
    caller = start > link.frames.lowerBound ? start - 1 : nil
    var last: Int?
    for index in link.frames.reversed() where !(placed[index].place == .library && placed[index].isPlumbing) {
      last = index
      break
    }
    innermost = last
    var service: Service?
    var engine: Engine?
    // A call into a driver is a few frames deep; the bound keeps a hostile traceback cheap.
    for index in tail.reversed().prefix(64) {
      if service == nil { service = Self.service(text, placed[index]) }
      if engine == nil { engine = Self.engine(text, placed[index]) }
    }
    if service == nil, let last, tail.contains(last), Self.isOne(text, placed[last].package, of: Self.sockets) {
      service = .socket
    }
    self.service = service
    self.engine = engine
  }

  /// True if the innermost frame called something that is not Python, rather than raise itself: the exception then is
  /// an error of the system or a driver. A `raise`, its further lines, a `yield` that another frame threw into, and a
  /// frame whose code was not printed prove nothing.
  func isCall(_ text: borrowing Span<UInt8>, _ traceback: Traceback) -> Bool {
    guard let innermost else { return false }
    let source = traceback.frames[innermost].source
    guard !source.isEmpty, !Self.isRaise(text, source), text.firstIndex(of: "yield", in: source) == nil else {
      return false
    }
    for word: StaticString in ["def ", "async def ", "class ", "@", "except"]
    where text.has(word, at: source.lowerBound, before: source.upperBound) {
      return false
    }
    return Self.opensCall(text, source)
  }

  /// True for a `raise`, also after a condition on the same line.
  static func isRaise(_ text: borrowing Span<UInt8>, _ source: Range<Int>) -> Bool {
    var from = source.lowerBound
    while let hit = text.firstIndex(of: "raise", in: from..<source.upperBound) {
      from = hit + 5
      let begins =
        hit == source.lowerBound || text[hit - 1].isBlank || text[hit - 1] == UInt8(ascii: ":")
        || text[hit - 1] == UInt8(ascii: ";")
      if begins, from == source.upperBound || !text[from].isNameByte { return true }
    }
    return false
  }

  /// True if the line contains a call and closes no bracket that an earlier line opened. A line that does is the last
  /// one of a call over several lines, as Python up to 3.7 prints it, perhaps of a `raise`.
  private static func opensCall(_ text: borrowing Span<UInt8>, _ source: Range<Int>) -> Bool {
    var depth = 0
    var calls = false
    for index in source.prefix(1000) {
      switch text[index] {
      case UInt8(ascii: "("):
        depth += 1
        calls = true
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth < 0 { return false }
      default: break
      }
    }
    return calls
  }

  /// True if `module` is the file, or below the directory, that `path` names with forward slashes.
  static func has(_ text: borrowing Span<UInt8>, _ path: StaticString, in module: Range<Int>) -> Bool {
    let count = path.utf8CodeUnitCount
    guard module.count >= count else { return false }
    for offset in 0..<count {
      let byte = text[module.lowerBound + offset]
      guard
        byte == path.utf8Start[offset] || (byte == UInt8(ascii: "\\") && path.utf8Start[offset] == UInt8(ascii: "/"))
      else { return false }
    }
    return true
  }

  // MARK: - Packages

  private static func isOne(_ text: borrowing Span<UInt8>, _ name: Range<Int>, of names: [StaticString]) -> Bool {
    for candidate in names where text.equals(name, candidate) { return true }
    return false
  }

  static func service(_ text: borrowing Span<UInt8>, _ frame: PlacedFrame) -> Service? {
    if has(text, "django/db/", in: frame.module) || isOne(text, frame.package, of: databases) { return .database }
    // Clients of memcached are written in C: Django's frame is the last one.
    if isOne(text, frame.package, of: caches) || has(text, memcached, in: frame.module) { return .cache }
    if isOne(text, frame.package, of: ["kombu", "amqp", "pika", "celery", "librabbitmq"]) { return .broker }
    if isOne(text, frame.package, of: ["smtplib", "aiosmtplib"]) { return .mail }
    return isOne(text, frame.package, of: clients) ? .http : nil
  }

  private static func engine(_ text: borrowing Span<UInt8>, _ frame: PlacedFrame) -> Engine? {
    func isIn(_ names: [StaticString], _ path: StaticString) -> Bool {
      isOne(text, frame.package, of: names) || has(text, path, in: frame.module)
    }
    if isIn(
      ["psycopg2", "psycopg", "psycopg_pool", "psycopg_c", "asyncpg", "psycogreen"], "django/db/backends/postgresql")
    {
      return .postgreSQL
    }
    if isIn(["MySQLdb", "pymysql", "mysql"], "django/db/backends/mysql") { return .mySQL }
    if isIn(["sqlite3"], "django/db/backends/sqlite3") { return .sqlite }
    if isIn(["cx_Oracle", "oracledb"], "django/db/backends/oracle") { return .oracle }
    if isOne(text, frame.package, of: ["redis", "django_redis", "redis_cache"]) { return .redis }
    let isMemcached = isIn(["pymemcache", "pylibmc", "memcache", "django_pylibmc", "bmemcached"], memcached)
    return isMemcached ? .memcached : nil
  }

  private static let memcached: StaticString = "django/core/cache/backends/memcached.py"
  private static let databases: [StaticString] = [
    "psycopg2", "psycopg", "psycopg_pool", "psycopg_c", "MySQLdb", "pymysql", "mysql", "cx_Oracle", "oracledb",
    "sqlite3", "sqlalchemy", "asyncpg", "pyodbc", "psycogreen", "dj_db_conn_pool",
  ]
  private static let caches: [StaticString] = [
    "redis", "django_redis", "redis_cache", "pymemcache", "pylibmc", "memcache", "django_pylibmc", "bmemcached",
  ]
  private static let clients: [StaticString] = [
    "requests", "urllib3", "httpx", "httpcore", "aiohttp", "botocore", "elasticsearch", "elastic_transport", "urllib",
    "pymongo", "stripe", "opensearchpy", "ldap3", "ldap", "paramiko", "imaplib", "poplib", "ftplib", "httplib2",
  ]
  private static let sockets: [StaticString] = ["socket", "ssl", "http", "asyncio", "anyio", "uvloop", "selectors"]
}
