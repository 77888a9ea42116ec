import MailMessage

/// Recognises families by the exception's type, and decides whose a name is: written in the site's code, or asked for
/// by a visitor. A name that a visitor may choose is not in the key, or each such name would be a new error: the error
/// then belongs to the place that asked.
extension FamilyMatcher {
  /// The module of Django that raises errors about a request's host or body.
  private var requestModule: StaticString { "django/http/request.py" }

  /// The result of looking at the type alone.
  enum Named {
    /// The type names no family: the text and the place decide.
    case none
    /// The type names a family, but the place does not fit, or the name is not the site's.
    case elsewhere
    case found(FamilyMatch)
  }

  func named(_ text: borrowing Span<UInt8>, _ index: Int, _ name: Range<Int>, _ place: RaisingPlace) -> Named {
    let message = traceback.links[index].text
    func found(_ family: Family, _ subject: [UInt8]? = [], detail: [UInt8] = []) -> Named {
      subject.map { .found(FamilyMatch(family: family, subject: $0, link: index, detail: detail)) } ?? .elsewhere
    }
    func isRaised(in path: StaticString) -> Bool {
      place.innermost.map { placed[$0].place != .application && RaisingPlace.has(text, path, in: placed[$0].module) }
        ?? false
    }
    if text.equals(name, "DisallowedHost") { return isRaised(in: requestModule) ? found(.disallowedHost) : .elsewhere }
    if text.equals(name, "UnreadablePostError") { return isRaised(in: requestModule) ? found(.clientGone) : .elsewhere }
    if text.equals(name, "TemplateDoesNotExist") {
      return isRaised(in: "django/template/") ? found(.missingTemplate, ownTemplate(text, index, place)) : .elsewhere
    }
    if text.equals(name, "ModuleNotFoundError") || text.equals(name, "ImportError") {
      return found(.missingModule, ownModule(text, message, place))
    }
    if text.equals(name, "MemoryError") { return isRaisedBySystem(text, place) ? found(.outOfMemory) : .elsewhere }
    if text.equals(name, "WorkerLostError") {
      let isPool = isRaised(in: "billiard/") || isRaised(in: "celery/")
      return isPool ? found(.workerKilled, detail: FamilySubject.signal(text, message)) : .elsewhere
    }
    return .none
  }

  /// True if Python itself ran out of memory, at any line: not at a `raise`, nor at an application's line whose code is
  /// unknown.
  private func isRaisedBySystem(_ text: borrowing Span<UInt8>, _ place: RaisingPlace) -> Bool {
    guard let frame = place.innermost else { return true }
    let source = traceback.frames[frame].source
    if source.isEmpty { return placed[frame].place != .application }
    return !RaisingPlace.isRaise(text, source)
  }

  // MARK: - Whose name is it?

  private func source(_ frame: Int) -> Range<Int> { traceback.frames[frame].source }

  /// The name of a template if it is the site's: written in the line that asked for it, or in the template that
  /// includes it, or if only a class of the site can have named it and the report names no view.
  private func ownTemplate(_ text: borrowing Span<UInt8>, _ index: Int, _ place: RaisingPlace) -> [UInt8]? {
    let message = traceback.links[index].text
    // A name of several lines is not a site's.
    guard text.firstIndex(of: UInt8(ascii: "\n"), in: message) == nil,
      let name = FamilySubject.firstLine(text, message)
    else { return nil }
    if isIncluded(text, index) { return evidence.template == nil || evidence.templateQuotes(text, name) ? name : nil }
    if let caller = place.caller, asksForTemplate(text, caller) {
      return SiteEvidence.isLiteral(text, name, in: source(caller)) ? name : nil
    }
    return evidence.view == nil ? name : nil
  }

  /// True if a template asked, by `{% include %}` or `{% extends %}`.
  private func isIncluded(_ text: borrowing Span<UInt8>, _ index: Int) -> Bool {
    for link in traceback.links[...index].suffix(8) where link.isCertain {
      for frame in link.frames.suffix(64)
      where RaisingPlace.has(text, "django/template/loader_tags.py", in: placed[frame].module) {
        return true
      }
    }
    return false
  }

  /// True for `render(request, name)`, `get_template(name)`: the frame below is Django's shortcut or its loader. A
  /// middleware that the response passes through does not ask for anything.
  func asksForTemplate(_ text: borrowing Span<UInt8>, _ caller: Int) -> Bool {
    let module = placed[caller + 1].module
    return RaisingPlace.has(text, "django/shortcuts.py", in: module)
      || RaisingPlace.has(text, "django/template/", in: module)
  }

  /// The name of a module, unless it was passed to `import_module` by a line that does not contain it.
  private func ownModule(_ text: borrowing Span<UInt8>, _ message: Range<Int>, _ place: RaisingPlace) -> [UInt8]? {
    guard let name = FamilySubject.module(text, message), let innermost = place.innermost,
      !RaisingPlace.isRaise(text, source(innermost))
    else { return nil }
    if isImport(text, source(innermost)) || place.caller.map({ isImport(text, source($0)) }) ?? false { return name }
    guard let caller = place.caller else {
      return isImporting(text, innermost) ? name : nil
    }
    let isOwn =
      SiteEvidence.holds(text, name, in: source(caller), mayGoOn: true)
      || evidence.settingsHold(text, name, mayGoOn: true)
    return isOwn ? name : nil
  }

  private func isImport(_ text: borrowing Span<UInt8>, _ source: Range<Int>) -> Bool {
    text.has("import ", at: source.lowerBound, before: source.upperBound)
      || text.has("from ", at: source.lowerBound, before: source.upperBound)
  }

  /// True if the innermost frame is Python's import machinery, or a library's call of it.
  private func isImporting(_ text: borrowing Span<UInt8>, _ frame: Int) -> Bool {
    let module = placed[frame].module
    return RaisingPlace.has(text, "importlib/", in: module) || RaisingPlace.has(text, "<frozen importlib", in: module)
      || text.firstIndex(of: "import", in: source(frame)) != nil
  }

  /// True if the site named the table or column: through its models, or in the statement of the line that ran it.
  func isOwnRelation(_ text: borrowing Span<UInt8>, _ name: [UInt8], _ index: Int, _ last: Int) -> Bool {
    guard let (caller, place) = caller(text, index, last) else { return true }
    // A cursor or a backend of the site's own, called by Django's.
    if caller > 0, place.link.contains(caller - 1), RaisingPlace.has(text, "django/db/", in: placed[caller - 1].module)
    {
      return true
    }
    guard runsStatement(text, place) || runsRawQuery(text, place) else { return true }
    guard algorithm.asksForCaller else { return SiteEvidence.holds(text, name, in: source(caller)) }
    return isInStatement(text, name, source(caller))
  }

  /// True if SQL in a line of code names it: `FROM shop_order`, `"shop_order"`. The name of a placeholder (`%s`,
  /// `{table}`) or of Python's own (`words(request)`) does not count: a visitor may have hit it by chance or on
  /// purpose.
  private func isInStatement(_ text: borrowing Span<UInt8>, _ name: [UInt8], _ source: Range<Int>) -> Bool {
    guard let first = name.first else { return false }
    var from = source.lowerBound + 1
    while from < source.upperBound, let hit = text.firstIndex(of: first, in: from..<source.upperBound) {
      from = hit + 1
      let end = hit + name.count
      guard Self.bordersName(text[hit - 1]), end < source.upperBound, Self.bordersName(text[end]),
        name.indices.allSatisfy({ text[hit + $0] == name[$0] })
      else { continue }
      return true
    }
    return false
  }

  private static func bordersName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: "."),
      UInt8(ascii: ","), UInt8(ascii: ";"):
      true
    default: false
    }
  }

  /// The application frame that called the raising code. A cause's frames begin where it was caught, which may be below
  /// that frame; then the exception that wraps it has the frame.
  private func caller(_ text: borrowing Span<UInt8>, _ index: Int, _ last: Int) -> (Int, RaisingPlace)? {
    for link in traceback.links[index...last].prefix(8) where link.isCertain {
      let place = RaisingPlace(text, link, placed)
      if let caller = place.caller { return (caller, place) }
    }
    return nil
  }

  /// True if the application called the cursor itself, rather than a model.
  private func runsStatement(_ text: borrowing Span<UInt8>, _ place: RaisingPlace) -> Bool {
    guard let below = place.tail.first(where: { !placed[$0].isPlumbing }) else { return true }
    return RaisingPlace.service(text, placed[below]) == .database
      && !RaisingPlace.has(text, "django/db/models/", in: placed[below].module)
  }

  private func runsRawQuery(_ text: borrowing Span<UInt8>, _ place: RaisingPlace) -> Bool {
    for frame in place.tail.prefix(64)
    where text.firstIndex(of: "RawQuery", in: source(frame)) != nil
      || text.equals(traceback.frames[frame].function, "_execute_query")
    {
      return true
    }
    return false
  }

  /// True if the site named the host: it is this machine, or stands in the settings or in a line of the site's code.
  func isOwnHost(_ text: borrowing Span<UInt8>, _ subject: [UInt8], _ index: Int, _ last: Int) -> Bool {
    let host = Array(subject.prefix { $0 != UInt8(ascii: ":") })
    if host == Array("local".utf8) || evidence.settingsHold(text, host) { return true }
    for link in traceback.links[index...last].prefix(8) where link.isCertain {
      for frame in link.frames.suffix(64) where placed[frame].place == .application {
        if SiteEvidence.holds(text, host, in: source(frame)) { return true }
      }
    }
    return false
  }

  /// The application's innermost frame in the cause or in a link that followed from it, or else a library's frame.
  func asker(_ index: Int, _ last: Int, _ place: RaisingPlace) -> Int? {
    for link in traceback.links[index...last] where link.isCertain {
      if let frame = link.frames.last(where: { placed[$0].place == .application && !placed[$0].isPlumbing }) {
        return frame
      }
    }
    return place.tail.first
  }
}
