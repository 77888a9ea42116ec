import MailMessage

/// Families that their type names, and the question whose a name is: written in the site's code, or asked for by a
/// visitor. A name that a visitor may choose is not in the key, else each of his names would be a new error: then the
/// error belongs to the place that asked.
extension FamilyMatcher {
  /// Raises what is wrong with a host or a body.
  private var requestModule: StaticString { "django/http/request.py" }

  /// What the type alone says about the family.
  enum Named {
    /// The type names none: the text and the place have to.
    case none
    /// It names one, but not this place, or no name that is the site's.
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

  /// Python itself ran out of memory, at whatever line: not a `raise`, nor a line that nobody saw.
  private func isRaisedBySystem(_ text: borrowing Span<UInt8>, _ place: RaisingPlace) -> Bool {
    guard let frame = place.innermost else { return true }
    let source = traceback.frames[frame].source
    if source.isEmpty { return placed[frame].place != .application }
    return !RaisingPlace.isRaise(text, source)
  }

  // MARK: - Whose is the name?

  private func source(_ frame: Int) -> Range<Int> { traceback.frames[frame].source }

  /// A template's name as far as it is the site's: written in the line that asked for it, in the template that includes
  /// it, or where nobody but a class of the site can have said it and the report names no view.
  private func ownTemplate(_ text: borrowing Span<UInt8>, _ index: Int, _ place: RaisingPlace) -> [UInt8]? {
    let message = traceback.links[index].text
    // A name of several lines is no site's.
    guard text.firstIndex(of: UInt8(ascii: "\n"), in: message) == nil,
      let name = FamilySubject.firstLine(text, message)
    else { return nil }
    if isIncluded(text, index) { return evidence.template == nil || evidence.templateQuotes(text, name) ? name : nil }
    if let caller = place.caller, asksForTemplate(text, caller) {
      return SiteEvidence.isLiteral(text, name, in: source(caller)) ? name : nil
    }
    return evidence.view == nil ? name : nil
  }

  /// Did a template ask, by `{% include %}` or `{% extends %}`?
  private func isIncluded(_ text: borrowing Span<UInt8>, _ index: Int) -> Bool {
    for link in traceback.links[...index].suffix(8) where link.isCertain {
      for frame in link.frames.suffix(64)
      where RaisingPlace.has(text, "django/template/loader_tags.py", in: placed[frame].module) {
        return true
      }
    }
    return false
  }

  /// `render(request, name)`, `get_template(name)`: the frame below is Django's shortcut or its loader. A middleware
  /// that the response passes through asks for nothing.
  func asksForTemplate(_ text: borrowing Span<UInt8>, _ caller: Int) -> Bool {
    let module = placed[caller + 1].module
    return RaisingPlace.has(text, "django/shortcuts.py", in: module)
      || RaisingPlace.has(text, "django/template/", in: module)
  }

  /// A module's name, unless it was passed to `import_module` by a line that does not hold it.
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

  /// Does Python's import machinery stand innermost, or a library's call of it?
  private func isImporting(_ text: borrowing Span<UInt8>, _ frame: Int) -> Bool {
    let module = placed[frame].module
    return RaisingPlace.has(text, "importlib/", in: module) || RaisingPlace.has(text, "<frozen importlib", in: module)
      || text.firstIndex(of: "import", in: source(frame)) != nil
  }

  /// A table or column as far as the site named it: through its models, or in the statement of the line that ran it.
  func isOwnRelation(_ text: borrowing Span<UInt8>, _ name: [UInt8], _ index: Int, _ last: Int) -> Bool {
    guard let (caller, place) = caller(text, index, last) else { return true }
    // A cursor or a backend of the site's own, which Django's calls.
    if caller > 0, place.link.contains(caller - 1), RaisingPlace.has(text, "django/db/", in: placed[caller - 1].module)
    {
      return true
    }
    guard runsStatement(text, place) || runsRawQuery(text, place) else { return true }
    guard algorithm.asksForCaller else { return SiteEvidence.holds(text, name, in: source(caller)) }
    return isInStatement(text, name, source(caller))
  }

  /// Does SQL in a line of code name it: `FROM shop_order`, `"shop_order"`? Not where the name is a placeholder's (`%s`,
  /// `{table}`) or one of Python's own (`words(request)`), which a visitor may have hit by chance or on purpose.
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

  /// The application's frame that called what raised. A cause's frames begin where it was caught, perhaps below that
  /// frame; then the exception that wraps it has it.
  private func caller(_ text: borrowing Span<UInt8>, _ index: Int, _ last: Int) -> (Int, RaisingPlace)? {
    for link in traceback.links[index...last].prefix(8) where link.isCertain {
      let place = RaisingPlace(text, link, placed)
      if let caller = place.caller { return (caller, place) }
    }
    return nil
  }

  /// Did the application call the cursor itself, rather than a model?
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

  /// A host as far as the site named it: this machine, a name in its settings, or in a line of its code.
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

  /// The application's innermost frame of the cause or of what followed from it; a library's own where there is none.
  func asker(_ index: Int, _ last: Int, _ place: RaisingPlace) -> Int? {
    for link in traceback.links[index...last] where link.isCertain {
      if let frame = link.frames.last(where: { placed[$0].place == .application && !placed[$0].isPlumbing }) {
        return frame
      }
    }
    return place.tail.first
  }
}
