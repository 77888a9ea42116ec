import MailMessage

/// Finds the family that versions 1 and 2 recognised in a chain, from the first cause to the exception reported in the
/// end. Frozen, see `EarlierFamilyTable`.
struct EarlierFamilyMatcher {
  let traceback: Traceback
  let placed: [PlacedFrame]

  func match(_ text: borrowing Span<UInt8>) -> FamilyMatch? {
    guard let last = traceback.finalIndex else { return nil }
    for index in firstCounted(last)...last {
      if let match = match(text, link: index, last: last) { return match }
    }
    return nil
  }

  /// The first link that belongs to the cause. `raise … from …` always links it; an exception during the handling
  /// of another only counts if a library raised it. When the application handles an outage and then fails for a reason
  /// of its own (a KeyError in the fallback), that is a new error and must not disappear in the outage.
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
    guard link.isCertain || index == last, !isRaisedByApplication(text, link) else { return nil }
    let name = ExceptionType.lastName(text, link.type)
    guard name.isEmpty || Self.mayBeFamily(text, name) || saysRefusedHost(text, link) else { return nil }
    let service = EarlierService.of(text, traceback.links[index...last].prefix(8).map(\.frames), placed)
    for rule in EarlierFamilyTable.rules where passes(text, rule.gate, name: name, link: link, service: service) {
      guard rule.texts.isEmpty || rule.texts.contains(where: { text.firstIndex(of: $0, in: head(link.text)) != nil })
      else { continue }
      let family = refined(rule.family, service)
      let subject = subject(text, family, index, last)
      if subject == nil, family.needsSubject { return nil }
      return FamilyMatch(family: family, subject: subject ?? [], link: index)
    }
    return nil
  }

  /// True if any rule asks for the type. Most errors have another one and need not be compared with each rule.
  private static func mayBeFamily(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    if ExceptionType.isDatabase(text, name) || ExceptionType.isNetwork(text, name) { return true }
    for rule in EarlierFamilyTable.rules {
      if case .type(let wanted) = rule.gate, text.equals(name, wanted) { return true }
    }
    return false
  }

  /// True if the text reports a refused Host header, the only family for which the text was enough.
  private func saysRefusedHost(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Bool {
    text.firstIndex(of: "Invalid HTTP_HOST header: ", in: head(link.text)) != nil
  }

  /// The beginning of a message, which is what matters: a message can be huge. All links of a long chain share the
  /// octets that are examined.
  private func head(_ range: Range<Int>) -> Range<Int> {
    let limit = 8 * 4096 / Swift.max(8, traceback.links.count)
    return range.lowerBound..<Swift.min(range.upperBound, range.lowerBound + limit)
  }

  /// True for `raise ConnectionError('courier refused')`: the text is the application's, not the system's.
  private func isRaisedByApplication(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Bool {
    guard let last = link.frames.last, placed[last].place == .application else { return false }
    let source = traceback.frames[last].source
    return text.has("raise ", at: source.lowerBound, before: source.upperBound)
  }

  private func passes(
    _ text: borrowing Span<UInt8>, _ gate: EarlierFamilyRule.Gate, name: Range<Int>, link: ChainLink,
    service: EarlierService?
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

  /// Returns the family for the service: a refused connection is a different outage for each.
  private func refined(_ family: Family, _ service: EarlierService?) -> Family {
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
    case .missingRelation: return EarlierSubject.relation(text, traceback.links[index].text)
    case .missingTemplate: return EarlierSubject.firstLine(text, traceback.links[index].text)
    case .missingModule: return EarlierSubject.module(text, traceback.links[index].text)
    case .diskFull, .fileDescriptors, .outOfMemory, .workerKilled, .clientGone, .disallowedHost: return []
    default: break
    }
    for link in index...last where traceback.links[link].isCertain || link == last {
      if let found = EarlierEndpoint.find(text, in: head(traceback.links[link].text)) { return found }
    }
    return nil
  }
}

/// The kind of server that a piece of library code talks to.
enum EarlierService: Sendable {
  case database, cache, broker, mail, http

  /// Returns the service of the innermost library frame that names one, or nil if none does.
  static func of(_ text: borrowing Span<UInt8>, _ links: [Range<Int>], _ placed: [PlacedFrame]) -> EarlierService? {
    for frames in links {
      for index in frames.reversed().prefix(256) {
        if let service = of(text, placed[index]) { return service }
      }
    }
    return nil
  }

  private static func of(_ text: borrowing Span<UInt8>, _ frame: PlacedFrame) -> EarlierService? {
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
