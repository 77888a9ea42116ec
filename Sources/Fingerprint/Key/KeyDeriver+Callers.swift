import MailMessage

/// Adds parts to the key besides the innermost frame of the site's own, for lines that would hide one error behind
/// another if they stood alone.
extension KeyDeriver {
  /// The frames that called `own` if `own` only passes on what it was given: then its caller is at fault, and each
  /// caller is an error of its own. A helper that fails by itself is one error, however many frames call it. If the
  /// caller only passes on what it was given too, its own caller follows.
  func handingCallers(
    _ text: borrowing Span<UInt8>, of own: Int, _ link: ChainLink, _ name: Range<Int>
  ) -> [Int] {
    guard algorithm.asksForCaller, passesOn(text, own, link, name) else { return [] }
    var callers: [Int] = []
    var last = own
    while callers.count < Self.mostCallers, let next = caller(text, of: last, link) {
      callers.append(next)
      let code = HandedOn(text, traceback.frames[next].source)
      guard code.handsNamesOn || code.handsTextOn, !code.isRaise else { break }
      last = next
    }
    return callers
  }

  /// The most callers that are followed upwards.
  private static let mostCallers = 4

  /// The frame of the site's own that called `own`, or nil. A frame of the same function does not count.
  private func caller(_ text: borrowing Span<UInt8>, of own: Int, _ link: ChainLink) -> Int? {
    var index = own - 1
    while index >= link.frames.lowerBound {
      let isItself =
        text.same(traceback.frames[index].file, traceback.frames[own].file)
        && text.same(function(text, of: index), function(text, of: own))
      if placed[index].place == .application, !placed[index].isPlumbing, !isItself { return index }
      index -= 1
    }
    return nil
  }

  private func passesOn(
    _ text: borrowing Span<UInt8>, _ own: Int, _ link: ChainLink, _ name: Range<Int>
  ) -> Bool {
    let code = HandedOn(text, traceback.frames[own].source)
    func isOne(of names: [StaticString]) -> Bool { names.contains { text.equals(name, $0) } }
    if own == link.frames.upperBound - 1 {
      if code.isRaise { return code.isRaisedAsGiven || code.handsNamesOn }
      // `return fn(text)`: the called function is written in C and has no frame.
      if placed[own].isDispatcher { return code.handsNamesOn }
      if isOne(of: ["KeyError", "IndexError"]) { return code.asksByName || code.handsNamesOn && code.takesOut }
      if isOne(of: ["TypeError"]) { return code.handsNamesOn && code.isStarred }
      return isOne(of: ["AttributeError"]) && code.handsNamesOn && code.getsAttribute
    }
    if isOne(of: ["CalledProcessError", "TimeoutExpired", "FileNotFoundError", "PermissionError"]) {
      return code.handsFirstOn
    }
    // A fault of a server or a disk is not the caller's fault, but a request that it refuses is.
    if ExceptionType.mayBeFamily(text, name) {
      return isRefused(text, link, name) && (code.handsNamesOn || code.asksNameAlone && isDjangos(text, own + 1))
    }
    let isAsked = code.asksNameAlone && isDjangos(text, own + 1) && isDjangos(text, link.frames.upperBound - 1)
    return code.handsNamesOn || isAsked
  }

  /// True for code of Django or REST framework, whose models and forms know nothing of their callers. In contrast, a
  /// client's `response.raise_for_status()` says what a server did.
  private func isDjangos(_ text: borrowing Span<UInt8>, _ frame: Int) -> Bool {
    placed[frame].place == .library
      && (text.equals(placed[frame].package, "django") || text.equals(placed[frame].package, "rest_framework"))
  }

  /// True if a database refused the request: a value, or a statement that takes too long or waits for another one.
  private func isRefused(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> Bool {
    if text.equals(name, "DataError") || text.equals(name, "IntegrityError") { return true }
    guard text.equals(name, "OperationalError") else { return false }
    for words: StaticString in ["canceling statement due to ", "deadlock detected", "(1205, ", "(1213, ", "(3024, "]
    where text.has(words, at: link.text.lowerBound, before: link.text.upperBound) {
      return true
    }
    return false
  }

  /// The class of the object whose own attribute the line asks for: `'Ticket' object has no attribute 'quantity'` at
  /// `self.price * self.quantity`. Nil for other errors. Two classes with the same method are two errors.
  func ownClass(_ text: borrowing Span<UInt8>, _ own: Int, _ link: ChainLink, _ name: Range<Int>) -> Range<Int>? {
    guard algorithm.asksForCaller, own == link.frames.upperBound - 1, text.equals(name, "AttributeError"),
      let named = Endpoint.quotedText(text, at: link.text.lowerBound, end: link.text.upperBound),
      text.has(" object has no attribute ", at: named.upperBound + 1, before: link.text.upperBound),
      let attribute = Endpoint.quotedText(text, at: named.upperBound + 26, end: link.text.upperBound)
    else { return nil }
    let source = traceback.frames[own].source
    var from = source.lowerBound
    while let hit = text.firstIndex(of: "self.", in: from..<source.upperBound) {
      from = hit + 5
      let end = from + attribute.count
      if end <= source.upperBound, text.same(from..<end, attribute),
        end == source.upperBound || !text[end].isNameByte
      {
        return named
      }
    }
    return nil
  }

  /// The view, if the outermost line of the site's own is not the view's and shows that other code decides, or else
  /// nil:
  ///
  /// - A decorator makes a response of the view's result: `return JsonResponse(fn(request))`. Methods of a class of
  ///   views do so themselves.
  /// - A method continues with the result of its class's other bases: `super().get_queryset().filter(owner=user)`.
  func decidingView(_ text: borrowing Span<UInt8>, _ own: Int, _ link: ChainLink) -> Range<Int>? {
    guard algorithm.asksForCaller, let view = evidence.view, own + 1 < link.frames.upperBound,
      isAnswer(text, own, link) || text.firstIndex(of: "super()", in: traceback.frames[own].source) != nil,
      !endsWith(text, view, traceback.frames[own].function),
      innermost(.application, in: link.frames.lowerBound..<own) == nil,
      viewInLibrary(text, link) != nil
    else { return nil }
    return view
  }

  private func isAnswer(_ text: borrowing Span<UInt8>, _ own: Int, _ link: ChainLink) -> Bool {
    let source = traceback.frames[own].source
    return (text.firstIndex(of: "Response(", in: source) ?? text.firstIndex(of: "dumps(", in: source)) != nil
      && !(link.frames.lowerBound..<own).contains { text.equals(traceback.frames[$0].function, "dispatch") }
  }

  private func endsWith(_ text: borrowing Span<UInt8>, _ view: Range<Int>, _ function: Range<Int>) -> Bool {
    let start = view.upperBound - function.count
    return start >= view.lowerBound && text.same(start..<view.upperBound, function)
  }

  /// The task that failed without a frame of the site's own, or nil. Celery's message above the traceback names it:
  /// `Task shop.tasks.bill[6d1c0f9e-…] raised unexpected: …`. A message of the site's own may contain a visitor's
  /// words, but it does not stand above a traceback whose first frame is Celery's.
  func task(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Range<Int>? {
    guard algorithm.asksForCaller, let first = link.frames.first,
      RaisingPlace.has(text, "celery/app/trace", in: placed[first].module)
    else { return nil }
    let line = text.line(at: text.trimmed(0..<text.count).lowerBound, before: text.count).prefix(400)
    guard let hit = text.firstIndex(of: "Task ", in: line), hit == line.lowerBound || text[hit - 1].isBlank,
      let open = text.firstIndex(of: UInt8(ascii: "["), in: hit + 5..<line.upperBound),
      let close = text.firstIndex(of: UInt8(ascii: "]"), in: open..<line.upperBound),
      text.has("] raised unexpected: ", at: close, before: line.upperBound)
    else { return nil }
    let name = hit + 5..<open
    return name.allSatisfy { text[$0].isNameByte || text[$0] == UInt8(ascii: ".") } ? name : nil
  }

  /// Adds the module and function of a caller's frame. Its line would say less: a statement over several lines shows
  /// another one from one Python version to the next.
  func addFunction(_ text: borrowing Span<UInt8>, _ index: Int, to writer: inout KeyWriter) {
    let none = index..<index
    writer.addFrame(
      text, module: placed[index].module, function: function(text, of: index), source: none, algorithm: algorithm)
  }

  /// True if a library that rejects the site's code begins its text with the class:
  /// `'RoomViewSet' should either include a `serializer_class` attribute, …`.
  func namesClass(_ text: borrowing Span<UInt8>, _ name: Range<Int>, _ message: Range<Int>) -> Bool {
    guard algorithm.asksForCaller, text.equals(name, "AssertionError") || text.equals(name, "ImproperlyConfigured"),
      let named = Endpoint.quotedText(text, at: message.lowerBound, end: message.upperBound),
      text[named.lowerBound].isUppercase
    else { return false }
    for index in named where !text[index].isLetter { return false }
    return true
  }

  /// The view, if the error came out of it and no line of the site's own says more, or else nil. An error in a
  /// library's middleware belongs to no view.
  func viewInLibrary(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Range<Int>? {
    guard algorithm.asksForCaller, let view = evidence.view else { return nil }
    for index in link.frames.prefix(16) {
      let source = traceback.frames[index].source
      if text.firstIndex(of: "wrapped_callback(", in: source) != nil
        || text.firstIndex(of: "response.render", in: source) != nil
      {
        return view
      }
    }
    return nil
  }

  /// The site's own frame above a loop of library code, or nil if there is none.
  func entry(to cycle: [Int], in range: Range<Int>) -> Int? {
    guard algorithm.asksForCaller, let first = cycle.min(), placed[first].place != .application else { return nil }
    return innermost(.application, in: range.lowerBound..<Swift.max(range.lowerBound, first))
  }

  /// The key of an error by Celery's time limit, or nil for other errors. It strikes wherever a task happens to be, so
  /// the key is the outermost frame, which is the task.
  func interrupted(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> ErrorKey? {
    guard algorithm.asksForCaller,
      text.equals(name, "SoftTimeLimitExceeded") || text.equals(name, "TimeLimitExceeded"),
      let task = link.frames.first(where: { placed[$0].place == .application && !placed[$0].isPlumbing })
    else { return nil }
    var writer = KeyWriter(.place)
    writer.add(text, name)
    addFunction(text, task, to: &writer)
    return ErrorKey(rule: .place, bytes: writer.bytes, family: nil, frame: task)
  }

  /// The column that django-import-export names when it wraps an error that a resource of the site's own raised for a
  /// row: `1: 'code' (OrderedDict([…`. It prints no cause. Nil for other errors.
  func importedColumn(_ text: borrowing Span<UInt8>, _ link: ChainLink) -> Range<Int>? {
    guard algorithm.asksForCaller, let last = link.frames.last,
      RaisingPlace.has(text, "import_export/", in: placed[last].module),
      let colon = text.firstIndex(of: ": '", in: link.text.prefix(24)),
      let column = Endpoint.quotedText(text, at: colon + 2, end: Swift.min(link.text.upperBound, colon + 60)),
      text.has(" (", at: column.upperBound + 1, before: link.text.upperBound)
    else { return nil }
    for index in column where !text[index].isNameByte { return nil }
    return column
  }
}
