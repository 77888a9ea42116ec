import MailMessage

/// A family that was recognised in a chain.
struct FamilyMatch: Sendable, Equatable {
  var family: Family
  /// The name that tells two outages of the family apart: host and port, table, template. May be empty.
  var subject: [UInt8]
  /// The index of the link that names the family.
  var link: Int
  /// Further details that tell outages apart, since version 3: engine, database, directory of the disk, signal.
  var detail: [UInt8] = []
  /// The frame that asked for a host which nothing shows to be the site's own, or nil. Such a subject may be a
  /// visitor's, so this place is in the key instead of it.
  var asker: Int?
}

/// Looks for a root cause that is a family, from the first cause to the exception reported in the end.
///
/// A family takes a type, the place that raises it, and a phrase where that place puts it. The text alone is never
/// enough: visitors write texts, and so do people who quote them.
struct FamilyMatcher {
  let traceback: Traceback
  let placed: [PlacedFrame]
  let evidence: SiteEvidence
  let algorithm: Algorithm

  func match(_ text: borrowing Span<UInt8>) -> FamilyMatch? {
    guard let last = traceback.finalIndex else { return nil }
    for index in firstCounted(last)...last {
      if let match = match(text, link: index, last: last) { return match }
    }
    return nil
  }

  /// The first link that belongs to the cause. `raise … from …` always links it; an exception during the handling
  /// of another only counts if a library raised it. When the application handles an outage and then fails for a reason
  /// of its own (a KeyError in the fallback), that is a new error and must not disappear in the outage. A link that may
  /// be forged ends the search: its relation to the links before it is part of the forgery.
  private func firstCounted(_ last: Int) -> Int {
    var index = last
    // No real chain is that long; the bound keeps the search linear.
    while index > 0, last - index < 64, traceback.links[index].isCertain || index == last {
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
    guard link.isCertain || index == last else { return nil }
    let name = ExceptionType.lastName(text, link.type)
    guard name.isEmpty || ExceptionType.mayBeFamily(text, name) else { return nil }
    let place = RaisingPlace(text, link, placed)
    switch named(text, index, name, place) {
    case .found(let match): return match
    case .elsewhere: return nil
    case .none: break
    }
    let isDatabase = isDatabase(text, link, name, place)
    let isSystem = isSystem(text, link, name, place)
    let isNetwork = isNetwork(text, link, name, place)
    guard isDatabase || isSystem || isNetwork else { return nil }
    let failure = FailureText(text, link.text)
    if isDatabase, let match = database(text, index, failure, place, last) { return match }
    if isSystem, let match = system(text, index, failure) { return match }
    return isNetwork ? network(text, index, failure, place, last) : nil
  }

  private func system(_ text: borrowing Span<UInt8>, _ index: Int, _ failure: FailureText) -> FamilyMatch? {
    let message = traceback.links[index].text
    if let phrase = FamilyTable.system.first(where: { $0.matches(text, failure) }) {
      let detail = phrase.family == .diskFull ? FamilySubject.disk(text, message) : []
      return FamilyMatch(family: phrase.family, subject: [], link: index, detail: detail)
    }
    guard algorithm.knowsLanguages, let phrase = EngineTable.system.first(where: { $0.matches(text, failure) }),
      let close = text.firstIndex(of: UInt8(ascii: "]"), in: message.prefix(16))
    else { return nil }
    // Without a file it may be a terminal or a pipe.
    let disk = FamilySubject.disk(text, message)
    if disk.isEmpty { return nil }
    let detail = FamilySubject.copy(text, message.lowerBound..<close + 1) + disk
    return FamilyMatch(family: phrase.family, subject: [], link: index, detail: detail)
  }

  // MARK: - Gates: the type, and a place that fits it

  private func isDatabase(
    _ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>, _ place: RaisingPlace
  ) -> Bool {
    guard name.isEmpty || ExceptionType.isDatabase(text, name) else { return false }
    guard !isSaidByProcedure(text, link.text) else { return false }
    if place.service == .database { return true }
    // A cursor written in C has no frame of its own.
    return place.tail.isEmpty && !name.isEmpty && place.isCall(text, traceback)
  }

  /// True if a procedure raised the error: PL/pgSQL's `RAISE EXCEPTION '%', NEW.title` says a visitor's words in the
  /// server's name. Its context stands at the end, with the keyword in every language:
  /// `PL/pgSQL function check_title() line 3 at RAISE`.
  private func isSaidByProcedure(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> Bool {
    text.firstIndex(of: " RAISE", in: Swift.max(message.lowerBound, message.upperBound - 2000)..<message.upperBound)
      != nil
  }

  private func isSystem(
    _ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>, _ place: RaisingPlace
  ) -> Bool {
    guard name.isEmpty || ExceptionType.isSystem(text, name) else { return false }
    if name.isEmpty, !text.has("[Errno ", at: link.text.lowerBound, before: link.text.upperBound) { return false }
    return place.isCall(text, traceback)
  }

  private func isNetwork(
    _ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>, _ place: RaisingPlace
  ) -> Bool {
    (name.isEmpty || ExceptionType.isNetwork(text, name)) && place.service != nil
  }

  // MARK: - Databases and hosts

  private func database(
    _ text: borrowing Span<UInt8>, _ index: Int, _ failure: FailureText, _ place: RaisingPlace, _ last: Int
  ) -> FamilyMatch? {
    guard let phrase = phrase(text, failure, place) else { return refusal(text, index, failure, place, last) }
    let reason = failure.reasons.last ?? traceback.links[index].text
    // The application left its transaction open, so this is its own fault.
    if algorithm.knowsLanguages,
      text.has("terminating connection due to idle", at: reason.lowerBound, before: reason.upperBound)
    {
      return nil
    }
    let engine = phrase.engine ?? place.engine
    if phrase.family == .missingRelation {
      guard let name = relation(text, reason), isOwnRelation(text, name, index, last) else { return nil }
      return FamilyMatch(family: .missingRelation, subject: name, link: index)
    }
    let subject = failure.endpoint ?? endpoint(text, behind: index, last) ?? []
    var detail: [UInt8] = isLocal(subject) ? Array((engine?.rawValue ?? "").utf8) : []
    if phrase.family == .databaseSlots || phrase.family == .databaseAccess {
      var name = FamilySubject.databaseName(text, reason)
      if name.isEmpty, algorithm.knowsLanguages { name = FamilySubject.userOfLimit(text, reason) }
      if !name.isEmpty { detail += Array(" ".utf8) + name }
    }
    return FamilyMatch(family: phrase.family, subject: subject, link: index, detail: detail)
  }

  private func phrase(_ text: borrowing Span<UInt8>, _ failure: FailureText, _ place: RaisingPlace) -> FamilyPhrase? {
    let answers = failure.isConnecting || failure.hasSeverity ? FamilyTable.databaseAnswers : []
    for table in [FamilyTable.database, answers, algorithm.knowsLanguages ? EngineTable.database : []] {
      if let phrase = table.first(where: { $0.matches(text, failure) }) { return phrase }
    }
    guard algorithm.knowsLanguages, place.engine == nil || place.engine == .postgreSQL else { return nil }
    for reason in failure.reasons {
      // A sentence that begins with a name lost its quote with the prefixes.
      let isQuoted = reason.lowerBound > 0 && text[reason.lowerBound - 1] == UInt8(ascii: "\"")
      let kind =
        PostgreSQLMessages.kind(text, reason)
        ?? (isQuoted ? PostgreSQLMessages.kind(text, reason.lowerBound - 1..<reason.upperBound) : nil)
      if let family = kind.flatMap(EngineTable.family) { return FamilyPhrase(family, .postgreSQL) }
    }
    return nil
  }

  /// The table or column that is missing. In languages other than English it is the first value of the sentence.
  private func relation(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    if let name = FamilySubject.relation(text, reason) { return name }
    guard algorithm.knowsLanguages, let found = PostgreSQLMessages.find(text, reason) else { return nil }
    return found.values.first.map { FamilySubject.copy(text, $0) }
  }

  /// The family of a connection that a PostgreSQL server refuses in words that are not known here, or that the system
  /// says in its language why it cannot make. In any language it is the same outage wherever it hits, but not the same
  /// as other refusals of that server.
  private func refusal(
    _ text: borrowing Span<UInt8>, _ index: Int, _ failure: FailureText, _ place: RaisingPlace, _ last: Int
  ) -> FamilyMatch? {
    guard algorithm.knowsLanguages, failure.isConnecting, place.engine == .postgreSQL,
      let reason = failure.reasons.last, let server = failure.endpoint ?? endpoint(text, behind: index, last)
    else { return nil }
    var normalizer = TextNormalizer(quotes: .data, limit: 120)
    let said = normalizer.normalize(text, text.line(at: reason.lowerBound, before: reason.upperBound))
    return FamilyMatch(family: .databaseRefusal, subject: server, link: index, detail: said)
  }

  /// The family of an answer of the site's own servers other than being down: out of memory, read-only, login refused.
  private func answer(
    _ text: borrowing Span<UInt8>, _ index: Int, _ failure: FailureText, _ place: RaisingPlace
  ) -> FamilyMatch? {
    guard algorithm.knowsLanguages, let service = place.service, service.isConfigured,
      let phrase = EngineTable.answers(of: service).first(where: { $0.matches(text, failure) })
    else { return nil }
    let isQueue = place.tail.suffix(64).contains { RaisingPlace.service(text, placed[$0]) == .broker }
    let detail = (isQueue ? "queue " : "") + ((phrase.engine ?? place.engine)?.rawValue ?? "")
    let server = phrase.engine == .memcached ? failure.reasons.first.flatMap { Endpoint.memcached(text, $0) } : nil
    return FamilyMatch(
      family: phrase.family, subject: server ?? failure.endpoint ?? [], link: index, detail: Array(detail.utf8))
  }

  private func network(
    _ text: borrowing Span<UInt8>, _ index: Int, _ failure: FailureText, _ place: RaisingPlace, _ last: Int
  ) -> FamilyMatch? {
    if let answer = answer(text, index, failure, place) { return answer }
    let service = service(text, place, behind: index, last)
    guard let phrase = networkPhrase(text, failure, service) else { return nil }
    let family = refined(phrase.family, service)
    let read = algorithm.knowsLanguages ? failure.reasons.last.flatMap { Endpoint.readFrom(text, $0) } : nil
    let found = failure.endpoint ?? read ?? endpoint(text, behind: index, last)
    var match = FamilyMatch(family: family, subject: found ?? [], link: index)
    if found == nil {
      if family.needsSubject { return nil }
      if family == .nameResolution, !isResolverDown(text, failure) {
        // The only server of its kind that the settings name.
        guard algorithm.knowsLanguages, service.isConfigured else { return nil }
        match.detail = Array("\(service)".utf8)
        return match
      }
    }
    if service.isConfigured {
      if isLocal(match.subject), let engine = place.engine { match.detail = Array(engine.rawValue.utf8) }
    } else if let found, !isOwnHost(text, found, index, last) {
      match.asker = asker(index, last, place)
    }
    return match
  }

  private func networkPhrase(
    _ text: borrowing Span<UInt8>, _ failure: FailureText, _ service: Service
  ) -> FamilyPhrase? {
    if let phrase = FamilyTable.network.first(where: { $0.matches(text, failure) }) { return phrase }
    guard algorithm.knowsLanguages, service == .cache || service == .broker else { return nil }
    return EngineTable.network.first { $0.matches(text, failure) }
  }

  /// True if the resolver itself does not answer, whatever the name: `[Errno -3]`.
  private func isResolverDown(_ text: borrowing Span<UInt8>, _ failure: FailureText) -> Bool {
    guard let reason = failure.reasons.first else { return false }
    return text.has("[Errno -3]", at: reason.lowerBound, before: reason.upperBound)
      || text.has("Temporary failure", at: reason.lowerBound, before: reason.upperBound)
  }

  /// The service that was used. For an exception of sockets, the client's own exception further down the chain names
  /// it.
  private func service(
    _ text: borrowing Span<UInt8>, _ place: RaisingPlace, behind index: Int, _ last: Int
  ) -> Service {
    guard place.service == .socket, index < last else { return place.service ?? .socket }
    for link in traceback.links[(index + 1)...last].prefix(8) where link.isCertain {
      if let found = RaisingPlace(text, link, placed).service, found != .socket { return found }
    }
    return .socket
  }

  /// The endpoint that a library names further down the chain, where it wraps the system's error.
  private func endpoint(_ text: borrowing Span<UInt8>, behind index: Int, _ last: Int) -> [UInt8]? {
    guard index < last else { return nil }
    for link in traceback.links[(index + 1)...last].prefix(8) where link.isCertain {
      guard RaisingPlace(text, link, placed).service != nil else { continue }
      if let found = FailureText(text, link.text).endpoint { return found }
    }
    return nil
  }

  private func isLocal(_ subject: [UInt8]) -> Bool { subject.isEmpty || subject.starts(with: Array("local".utf8)) }

  /// Returns the family for the service: a refused connection is a different outage for each.
  private func refined(_ family: Family, _ service: Service) -> Family {
    guard family == .hostUnreachable || family == .hostSlow else { return family }
    switch service {
    case .database: return .databaseDown
    case .cache: return .cacheDown
    case .broker: return .brokerDown
    case .mail: return .mailServerDown
    case .http, .socket: return family
    }
  }
}
