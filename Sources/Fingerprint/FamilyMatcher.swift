import MailMessage

/// A family found in a chain.
struct FamilyMatch: Sendable, Equatable {
  var family: Family
  /// What tells two outages of the family apart: host and port, table, template. May be empty.
  var subject: [UInt8]
  /// Index of the link that said so.
  var link: Int
}

/// Looks for a root cause that is a family, from the first cause to the exception reported in the end.
struct FamilyMatcher {
  let traceback: Traceback
  let placed: [PlacedFrame]

  func match(_ text: borrowing Span<UInt8>) -> FamilyMatch? {
    guard let last = traceback.finalIndex else { return nil }
    for index in firstCounted(last)...last {
      if let match = match(text, link: index, last: last) { return match }
    }
    return nil
  }

  /// The first link that belongs to the cause. `raise … from …` says it; an exception during the handling of another
  /// only counts when a library raised it: when the application handles an outage and then fails for a reason of its
  /// own (a KeyError in the fallback), that is a new error and must not disappear in the outage.
  private func firstCounted(_ last: Int) -> Int {
    var index = last
    // No real chain is that long; the bound keeps the search linear.
    while index > 0, last - index < 64 {
      switch traceback.links[index].origin {
      case .first: return index
      case .directCause: break
      case .context: if !isRaisedInLibrary(index) { return index }
      }
      index -= 1
    }
    return index
  }

  private func isRaisedInLibrary(_ link: Int) -> Bool {
    guard let frame = traceback.links[link].frames.last else { return false }
    return placed[frame].place != .application
  }

  private func match(_ text: borrowing Span<UInt8>, link index: Int, last: Int) -> FamilyMatch? {
    let link = traceback.links[index]
    guard !isRaisedByApplication(text, link) else { return nil }
    let name = ExceptionType.lastName(text, link.type)
    let service = Service.of(text, traceback.links[index...last].map(\.frames), placed)
    for rule in FamilyTable.rules where passes(text, rule.gate, name: name, link: link, service: service) {
      guard rule.texts.isEmpty || rule.texts.contains(where: { text.firstIndex(of: $0, in: head(link.text)) != nil })
      else { continue }
      let family = refined(rule.family, service)
      let subject = subject(text, family, index, last)
      if subject == nil, family.needsSubject { return nil }
      return FamilyMatch(family: family, subject: subject ?? [], link: index)
    }
    return nil
  }

  /// A message can be huge; what matters stands in its beginning.
  private func head(_ range: Range<Int>) -> Range<Int> {
    range.lowerBound..<Swift.min(range.upperBound, range.lowerBound + 4096)
  }

  /// `raise ConnectionError('courier refused')`: the application speaks, not the system.
  private func isRaisedByApplication(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Bool {
    guard let last = link.frames.last, placed[last].place == .application else { return false }
    let source = traceback.frames[last].source
    return text.has("raise ", at: source.lowerBound, before: source.upperBound)
  }

  private func passes(
    _ text: borrowing Span<UInt8>, _ gate: FamilyRule.Gate, name: Range<Int>, link: ChainLink, service: Service?
  ) -> Bool {
    switch gate {
    case .any: return true
    case .type(let wanted): return text.equals(name, wanted)
    case .database:
      if name.isEmpty { return service == .database }
      return ExceptionType.isDatabase(text, name) && (service == nil || service == .database)
    case .system:
      if name.isEmpty { return text.has("[Errno ", at: link.text.lowerBound, before: link.text.upperBound) }
      return ExceptionType.isSystem(text, name)
    case .network:
      if name.isEmpty {
        return service != nil || text.has("[Errno ", at: link.text.lowerBound, before: link.text.upperBound)
      }
      return ExceptionType.isNetwork(text, name)
    }
  }

  /// A refused connection is a different outage for each service.
  private func refined(_ family: Family, _ service: Service?) -> Family {
    guard family == .hostUnreachable || family == .hostSlow else { return family }
    switch service {
    case .database: return .databaseDown
    case .cache: return .cacheDown
    case .broker: return .brokerDown
    case .mail: return .mailServerDown
    case .http, nil: return family
    }
  }

  // MARK: - What failed

  private func subject(_ text: borrowing Span<UInt8>, _ family: Family, _ index: Int, _ last: Int) -> [UInt8]? {
    switch family {
    case .missingRelation: return FamilySubject.relation(text, traceback.links[index].text)
    case .missingTemplate: return FamilySubject.firstLine(text, traceback.links[index].text)
    case .missingModule: return FamilySubject.module(text, traceback.links[index].text)
    case .diskFull, .fileDescriptors, .outOfMemory, .workerKilled, .clientGone, .disallowedHost: return []
    default: break
    }
    for link in index...last {
      if let found = Endpoint.find(text, in: head(traceback.links[link].text)) { return found }
    }
    return nil
  }
}

/// Which kind of server a piece of library code talks to.
enum Service: Sendable {
  case database, cache, broker, mail, http

  /// By the innermost library frame that says it.
  static func of(_ text: borrowing Span<UInt8>, _ links: [Range<Int>], _ placed: [PlacedFrame]) -> Service? {
    for frames in links {
      for index in frames.reversed() {
        if let service = of(text, placed[index]) { return service }
      }
    }
    return nil
  }

  private static func of(_ text: borrowing Span<UInt8>, _ frame: PlacedFrame) -> Service? {
    guard frame.place != .application else { return nil }
    func isOne(of names: [StaticString]) -> Bool {
      for name in names where text.equals(frame.package, name) { return true }
      return false
    }
    if text.has("django/db/", at: frame.module.lowerBound, before: frame.module.upperBound) { return .database }
    if isOne(of: databasePackages) { return .database }
    if isOne(of: ["redis", "django_redis", "redis_cache", "pymemcache", "pylibmc", "memcache"]) { return .cache }
    if isOne(of: ["kombu", "amqp", "pika", "celery", "librabbitmq"]) { return .broker }
    if isOne(of: ["smtplib", "aiosmtplib"]) { return .mail }
    if isOne(of: httpPackages) { return .http }
    return nil
  }

  private static let databasePackages: [StaticString] = [
    "psycopg2", "psycopg", "psycopg_pool", "psycopg_c", "MySQLdb", "pymysql", "mysql", "cx_Oracle", "oracledb",
    "sqlite3", "sqlalchemy", "asyncpg", "pyodbc", "psycogreen", "dj_db_conn_pool",
  ]
  private static let httpPackages: [StaticString] = [
    "requests", "urllib3", "httpx", "httpcore", "aiohttp", "botocore", "elasticsearch", "elastic_transport", "urllib",
    "pymongo", "stripe", "opensearchpy",
  ]
}

/// The names in messages of families that are told apart by a name.
enum FamilySubject {
  static func firstLine(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    let line = text.line(at: message.lowerBound, before: message.upperBound)
    return line.isEmpty ? nil : copy(text, text.trimmed(line.lowerBound..<min(line.upperBound, line.lowerBound + 200)))
  }

  /// `No module named 'shop.feeds'`, in Python 2 without quotes.
  static func module(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    guard let hit = text.firstIndex(of: "No module named ", in: message) else { return nil }
    if let name = Endpoint.quotedText(text, at: hit + 16, end: message.upperBound) { return copy(text, name) }
    var stop = hit + 16
    while stop < message.upperBound, text[stop].isNameByte || text[stop] == UInt8(ascii: ".") { stop += 1 }
    return stop > hit + 16 ? copy(text, (hit + 16)..<stop) : nil
  }

  /// `relation "shop_order" does not exist`, `column shop_order.vat does not exist`, `no such table: shop_order`,
  /// `Table 'shop.order' doesn't exist`, `Unknown column 'vat' in 'field list'`.
  static func relation(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    for word: StaticString in ["relation ", "column ", "table: ", "column: ", "Table ", "table ", "column named "] {
      guard let hit = text.firstIndex(of: word, in: message) else { continue }
      let start = hit + word.utf8CodeUnitCount
      if let name = Endpoint.quotedText(text, at: start, end: message.upperBound) { return copy(text, name) }
      var stop = start
      while stop < message.upperBound,
        text[stop].isNameByte || text[stop] == UInt8(ascii: ".") || text[stop] == UInt8(ascii: "\"")
      {
        stop += 1
      }
      if stop > start { return copy(text, start..<stop) }
    }
    return nil
  }

  static func copy(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(range.count)
    for index in range { output.append(text[index]) }
    return output
  }
}
