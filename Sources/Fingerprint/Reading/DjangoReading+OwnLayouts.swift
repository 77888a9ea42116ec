import MailMessage

// Layouts of the site's own.
extension DjangoReading.Finder {
  /// Reads a text in which nothing agrees: then each of the lines has to be the only one of its kind.
  mutating func withoutAgreement(_ text: borrowing Span<UInt8>) -> DjangoReading.Found {
    let found = only(text)
    guard let head = start.end, let raised = raised(text), case .one(let reading) = found else { return found }
    if text.equals(raised, "Report") {
      guard reading.traceback == nil else { return .one(DjangoReading(environment: head, head: head)) }
      // The message does not stand between the head and the environment, so the environment may be part of the path,
      // and so may the view.
      return reading.raisedDuring == nil ? found : .ambiguous
    }
    guard saysException(text) else { return found }
    // A raised exception has a traceback, which names the same type.
    guard let type = reading.type else { return reading.isTruncated ? found : .ambiguous }
    return text.same(DjangoReading.type(text, type), raised) ? found : .ambiguous
  }

  private mutating func only(_ text: borrowing Span<UInt8>) -> DjangoReading.Found {
    let environments = marks.environments.filter { $0 >= start.floor }
    let headers = marks.headers.filter { $0 >= start.floor }
    guard environments.count <= 1 else { return .ambiguous }
    guard let environment = environments.first ?? headers.first else { return .none }
    // An environment below a traceback stands in the text of an exception.
    if let header = headers.first, header < environment { return .ambiguous }
    let header = headers.first { $0 >= environment }
    let request = marks.requests.first { $0 > environment }
    var reading = DjangoReading(environment: environment, request: request)
    guard let header, header < request ?? Int.max else {
      // The request's first line may stand among the names of templates that were tried, above the traceback.
      if start.end == nil, header != nil, marks.requests.filter({ $0 > environment }).count > 1 { return .ambiguous }
      reading.isTruncated = request == nil
      reading.raisedDuring = DjangoReading.raisedDuring(text, environment..<(request ?? environment))
      return .one(reading)
    }
    if environments.isEmpty, marks.types.isEmpty { return .none }
    if isQuotedHeader(text, header, after: environment) { return .ambiguous }
    reading.header = header
    var chain = DjangoChainParser(limits: limits)
    let stop = chain.begin(
      text, from: text.next(after: text.line(at: header, before: text.count), before: text.count))
    work += stop.position - header
    switch stop {
    case .type(let at): reading.type = at
    case .joint(let at):
      let types = marks.types.filter { $0 > at }
      guard types.count <= 1, marks.requests.count <= 1 else { return .ambiguous }
      reading.type = types.first
      chain.goOn(text, from: at, to: types.first ?? text.count)
    case .end: break
    }
    guard let type = reading.type else {
      reading.isTruncated = !chain.traceback.frames.isEmpty || request == nil
      if chain.traceback.isCut { reading.traceback = chain.traceback }
      reading.raisedDuring = DjangoReading.raisedDuring(text, header..<(request ?? header))
      return .one(reading)
    }
    return finish(text, &reading, &chain, type)
  }

  private func finish(
    _ text: borrowing Span<UInt8>, _ reading: inout DjangoReading, _ chain: inout DjangoChainParser, _ type: Int
  ) -> DjangoReading.Found {
    // A second one of these is a visitor's, and nothing tells which.
    let requests = marks.requests.filter { $0 > type }
    guard requests.count <= 1, marks.types.filter({ $0 >= type }).count <= 1 else { return .ambiguous }
    reading.request = requests.first
    let line = text.line(at: type, before: text.count)
    let next = text.next(after: line, before: text.count)
    let end = requests.first ?? text.count
    reading.raisedDuring = DjangoReading.raisedDuring(text, line.upperBound..<end)
    var value = next..<next
    if text.has("Exception Value:", at: next, before: text.count) {
      let start = next + 16
      value = text.trimmed(start..<Swift.max(start, reading.raisedDuring.map { $0.lowerBound - 15 } ?? end))
    }
    chain.finish(type: DjangoReading.type(text, type), text: value)
    reading.traceback = chain.traceback
    return .one(reading)
  }
}
