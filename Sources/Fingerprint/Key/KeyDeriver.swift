import MailMessage

/// Makes the key of one traceback: families first, then the place.
///
/// The key contains no line number, absolute path, host or settings module. If there is an application frame, the
/// message is not part of it, except where one line of code fails for different reasons.
struct KeyDeriver {
  let traceback: Traceback
  let placed: [PlacedFrame]
  /// The template that an error names, if the report prints it.
  let template: Range<Int>?
  let algorithm: Algorithm
  /// Further facts that the report shows of its site.
  let evidence: SiteEvidence
  /// True if replacements are recorded, for an explanation.
  var records = false
  private(set) var applied: [AppliedRule] = []

  init(
    traceback: Traceback, placed: [PlacedFrame], template: Range<Int>? = nil, evidence: SiteEvidence = SiteEvidence(),
    algorithm: Algorithm = .current, records: Bool = false
  ) {
    self.algorithm = algorithm
    self.evidence = evidence
    self.traceback = traceback
    self.placed = placed
    self.template = template
    self.records = records
  }

  /// Returns the key, or nil if nothing identifies this error: then the mail is forwarded.
  mutating func key(_ text: borrowing Span<UInt8>) -> ErrorKey? {
    key(text, matcher.match(text))
  }

  private var matcher: FamilyMatcher {
    FamilyMatcher(traceback: traceback, placed: placed, evidence: evidence, algorithm: algorithm)
  }

  /// Returns the key, given that the families' rules found `match`.
  mutating func key(_ text: borrowing Span<UInt8>, _ match: FamilyMatch?) -> ErrorKey? {
    guard let last = traceback.finalIndex else { return nil }
    let link = traceback.links[last]
    let name = ExceptionType.lastName(text, link.type)
    guard !name.isEmpty else { return nil }
    if let match { return family(text, match) }
    guard
      var key = special(text, last, name) ?? asked(text, link, name) ?? place(text, last, name)
        ?? library(text, link, name)
    else {
      return nil
    }
    key.variant = variant(text, link, key.normalized)
    return key
  }

  private mutating func special(_ text: borrowing Span<UInt8>, _ last: Int, _ name: Range<Int>) -> ErrorKey? {
    let link = traceback.links[last]
    if ExceptionType.isSyntax(text, name) { return syntax(text, link, name) }
    if isRecursion(text, link, name) { return recursion(text, link, name) }
    if ExceptionType.isGroup(text, name) { return group(text, last, name) }
    return interrupted(text, link, name)
  }

  // MARK: - The rules

  private func family(_ text: borrowing Span<UInt8>, _ match: FamilyMatch) -> ErrorKey {
    var writer = KeyWriter(.family)
    writer.add(match.family.rawValue)
    if algorithm.asksForPlace, let asker = match.asker {
      // Sixteen buckets of hosts for each place: two outages usually stay apart, and a visitor's hosts make at most
      // sixteen errors.
      writer.add("host \(FamilySubject.bucket(of: match.subject, count: 16))")
      addFrame(text, asker, to: &writer)
      var variant = KeyWriter(.family)
      variant.add(match.subject)
      return ErrorKey(rule: .family, bytes: writer.bytes, family: match, frame: asker, variant: variant.bytes)
    }
    writer.add(match.subject)
    if algorithm.asksForPlace, !match.detail.isEmpty { writer.add(match.detail) }
    return ErrorKey(rule: .family, bytes: writer.bytes, family: match, frame: nil)
  }

  /// Makes the key of the type, the innermost application frame and those of the explicit causes, and the text where it
  /// matters.
  private mutating func place(_ text: borrowing Span<UInt8>, _ last: Int, _ name: Range<Int>) -> ErrorKey? {
    var own: Int?
    var index = last
    var causes: [Int] = []
    while true {
      if let frame = innermost(.application, in: traceback.links[index].frames) {
        if own == nil { own = frame } else { causes.append(frame) }
      }
      guard index > 0, isCausedByFormer(text, index) else { break }
      index -= 1
      // A link that may be forged stands inside the text of the first one, which then is the cause.
      if !traceback.links[index].isCertain { index = 0 }
    }
    guard let own else { return nil }
    let link = traceback.links[last]
    let asks = algorithm.asksForPlace && isAskedFor(text, link, name)
    let isTemplate = !asks && isRaisedByTemplate(text, behind: own, in: link.frames)
    let rule: KeyRule =
      isTemplate ? .template : !asks && needsDatabaseText(text, link, name) ? .placeAndText : .place
    let normalized = normalize(text, link.text, rule: rule, name: name)
    var writer = KeyWriter(rule)
    addType(text, name, to: &writer)
    if isTemplate, let template {
      writer.add(text, ModuleRoot.guess(text, template))
    } else if !(isTemplate && isRoute(text, name)) {
      addFrame(text, own, to: &writer)
    }
    // The caller chose what a helper asks for.
    if asks, link.frames.contains(own - 1), placed[own - 1].place == .application, !placed[own - 1].isPlumbing {
      addFrame(text, own - 1, to: &writer)
    } else if !isTemplate {
      for caller in handingCallers(text, of: own, link, name) { addFunction(text, caller, to: &writer) }
    }
    if let named = ownClass(text, own, link, name) ?? decidingView(text, own, link) { writer.add(text, named) }
    if let column = importedColumn(text, link) { writer.add(text, column) }
    var seen = own
    for cause in causes where !isSame(text, cause, seen) {
      addFrame(text, cause, to: &writer)
      seen = cause
    }
    if rule != .place { writer.add(normalized) }
    return ErrorKey(rule: rule, bytes: writer.bytes, family: nil, frame: own, normalized: normalized)
  }

  /// True if the former exception brought this one about. `raise … from …` says so. So does a `raise` of the site's
  /// own while it handles another exception: otherwise a wrapper that lacks the `from` would make all that fails below
  /// it one error.
  private func isCausedByFormer(_ text: borrowing Span<UInt8>, _ index: Int) -> Bool {
    switch traceback.links[index].origin {
    case .directCause: return true
    case .first: return false
    case .context:
      guard algorithm.asksForCaller, let last = traceback.links[index].frames.last else { return false }
      return placed[last].place == .application && RaisingPlace.isRaise(text, traceback.frames[last].source)
    }
  }

  /// True for a database's own sentence. An exception of such a type that the application raises may contain anyone's
  /// words.
  private func needsDatabaseText(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> Bool {
    guard ExceptionType.needsDatabaseText(text, name) else { return false }
    guard algorithm.asksForPlace, let frame = link.frames.last, placed[frame].place == .application else { return true }
    return !RaisingPlace.isRaise(text, traceback.frames[frame].source)
  }

  /// True if something is missing whose name may be a visitor's, since it is no family. Then the text, which contains
  /// the name, is not in the key: the error belongs to the place that asked.
  private func isAskedFor(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> Bool {
    if text.equals(name, "TemplateDoesNotExist") || text.equals(name, "ModuleNotFoundError") { return true }
    guard ExceptionType.needsDatabaseText(text, name) else { return false }
    let failure = FailureText(text, link.text)
    return FamilyTable.database.contains { $0.family == .missingRelation && $0.matches(text, failure) }
  }

  /// Makes the key if a class of the site without a frame asked for something missing (`get_template_names`): the view
  /// is its place. A middleware that the response passed through is not.
  private mutating func asked(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> ErrorKey? {
    guard algorithm.asksForPlace, let view = evidence.view, isAskedFor(text, link, name) else { return nil }
    if let own = innermost(.application, in: link.frames) {
      let isTemplate = text.equals(name, "TemplateDoesNotExist")
      guard isTemplate, own + 1 < link.frames.upperBound, !matcher.asksForTemplate(text, own) else { return nil }
    }
    var writer = KeyWriter(.library)
    writer.add(text, name)
    writer.add(text, view)
    let normalized = normalize(text, link.text, rule: .library, name: name)
    return ErrorKey(
      rule: .library, bytes: writer.bytes, family: nil, frame: link.frames.last, normalized: normalized)
  }

  private mutating func library(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> ErrorKey? {
    let frame = innermost(.library, in: link.frames) ?? innermost(.runtime, in: link.frames)
    let normalized = normalize(text, link.text, rule: .library, name: name)
    guard frame != nil || !normalized.isEmpty else { return nil }
    let isTemplate =
      isRoute(text, name) && isRaisedByTemplate(text, behind: link.frames.lowerBound - 1, in: link.frames)
    var writer = KeyWriter(isTemplate ? .template : .library)
    addType(text, name, to: &writer)
    if let template { writer.add(text, ModuleRoot.guess(text, template)) }
    if isTemplate {
      // The template asks for the route in every view, so the view's frame is not in the key.
    } else if let frame {
      // The function is left out if there is a text: it moves from one version of a library to the next.
      if normalized.isEmpty { addFrame(text, frame, to: &writer) } else { writer.add(text, placed[frame].module) }
    }
    writer.add(normalized)
    let saysWho = isTemplate || ExceptionType.mayBeFamily(text, name) || namesClass(text, name, link.text)
    if !saysWho, let asked = viewInLibrary(text, link) ?? task(text, link) { writer.add(text, asked) }
    return ErrorKey(
      rule: isTemplate ? .template : .library, bytes: writer.bytes, family: nil, frame: frame, normalized: normalized)
  }

  /// Makes the key of `invalid syntax (views.py, line 10)`: the file is in the text, wherever the import came from.
  /// Plain tracebacks name it in a last frame without a function.
  private mutating func syntax(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> ErrorKey? {
    var message = text.line(at: link.text.lowerBound, before: link.text.upperBound)
    var file: Range<Int>?
    if let frame = link.frames.last, traceback.frames[frame].function.isEmpty {
      file = ModulePath.name(text, traceback.frames[frame].file)
    } else if let open = text.lastIndex(of: UInt8(ascii: "("), in: message),
      let comma = text.firstIndex(of: ", line ", in: open..<message.upperBound)
    {
      file = ModulePath.name(text, (open + 1)..<comma)
      message = message.lowerBound..<open
    }
    guard let file, !algorithm.asksForPlace || isCompiled(text, file, link) else { return nil }
    // The text is not in the key: its wording differs between versions of Python.
    let normalized = normalize(text, message, rule: .syntax, name: name)
    var writer = KeyWriter(.syntax)
    writer.add(text, name)
    writer.add(text, file)
    return ErrorKey(rule: .syntax, bytes: writer.bytes, family: nil, frame: nil, normalized: normalized)
  }

  /// True if Python found the fault in a file of code. Text given to `eval` (`<unknown>`, `<string>`) has no file, and
  /// an error that the application raises itself may name any.
  private func isCompiled(_ text: borrowing Span<UInt8>, _ file: Range<Int>, _ link: ChainLink) -> Bool {
    guard !file.isEmpty, text[file.lowerBound] != UInt8(ascii: "<") else { return false }
    guard let frame = link.frames.last, placed[frame].place == .application else { return true }
    return !RaisingPlace.isRaise(text, traceback.frames[frame].source)
  }

  /// Makes the key of a group. Plain Python prints its children, Django does not: then nil, and the group's own place
  /// is the key.
  private mutating func group(_ text: borrowing Span<UInt8>, _ last: Int, _ name: Range<Int>) -> ErrorKey? {
    let children = traceback.links[(last + 1)...].filter { $0.depth > traceback.links[last].depth }
    guard !children.isEmpty else { return nil }
    var lines: [[UInt8]] = []
    for child in children.prefix(100) {
      let type = ExceptionType.lastName(text, child.type)
      if ExceptionType.isGroup(text, type) { continue }
      var line = FamilySubject.copy(text, type)
      if let frame = innermost(.application, in: child.frames) {
        line += Array("|".utf8) + frameLine(text, frame)
      } else {
        line += Array("|".utf8) + normalize(text, child.text, rule: .library, name: type)
      }
      if !lines.contains(line) { lines.append(line) }
    }
    var writer = KeyWriter(.group)
    writer.add(text, name)
    for line in lines.sorted(by: { $0.lexicographicallyPrecedes($1) }) { writer.add(line) }
    return ErrorKey(rule: .group, bytes: writer.bytes, family: nil, frame: nil)
  }

  // MARK: - Text

  private mutating func normalize(
    _ text: borrowing Span<UInt8>, _ message: Range<Int>, rule: KeyRule, name: Range<Int>
  ) -> [UInt8] {
    var line = text.trimmed(text.line(at: message.lowerBound, before: message.upperBound))
    if algorithm.knowsLanguages, ExceptionType.needsDatabaseText(text, name),
      let said = MySQLText.normalized(text, line)
    {
      return said
    }
    var quotes = TextNormalizer.Quotes.data
    if ExceptionType.needsDatabaseText(text, name) { quotes = algorithm.asksForPlace ? .databaseParts : .database }
    if ExceptionType.isTemplate(text, name) {
      quotes = .kept
      // NoReverseMatch prints the arguments, which are the visitor's.
      if algorithm.asksForCaller, isRoute(text, name) { return RouteName(text, line).normalized }
      // VariableDoesNotExist prints the whole context.
      if algorithm.asksForCaller, let context = text.firstIndex(of: " in [", in: line) {
        line = line.lowerBound..<context
      }
      if let with = text.firstIndex(of: " with ", in: line) { line = line.lowerBound..<with }
    }
    if rule == .library, isTaskName(text, name) || namesClass(text, name, line) { quotes = .kept }
    var normalizer = TextNormalizer(
      quotes: quotes, readsAllQuotes: algorithm.knowsLanguages && quotes != .kept, records: records)
    let normalized = normalizer.normalize(text, line)
    if records { applied += normalizer.applied }
    return normalized
  }

  /// The application's frames, outermost first, and the text.
  private func variant(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ normalized: [UInt8]) -> [UInt8] {
    var writer = KeyWriter(.place)
    for index in link.frames.suffix(200) where placed[index].place == .application && !placed[index].isPlumbing {
      writer.add(text, placed[index].module)
      writer.append(text, function(text, of: index))
    }
    writer.add(normalized)
    return writer.bytes
  }
}
