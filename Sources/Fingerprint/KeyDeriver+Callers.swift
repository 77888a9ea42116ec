import MailMessage

/// What is in the key besides the innermost frame of the site's own, where that line alone would hide one error behind
/// another.
extension KeyDeriver {
  /// The frame that called `own`, where `own` only passes on what it was given: then its caller is at fault, and each
  /// caller is an error. A helper that fails by itself is one error, however many call it.
  func handingCaller(
    _ text: borrowing Span<UInt8>, of own: Int, _ link: ChainLink, _ name: Range<Int>
  ) -> Int? {
    guard algorithm.asksForCaller, passesOn(text, own, link, name) else { return nil }
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
      if isOne(of: ["KeyError", "IndexError"]) { return code.asksByName || code.handsNamesOn && code.takesOut }
      if isOne(of: ["TypeError"]) { return code.handsNamesOn && code.isStarred }
      return isOne(of: ["AttributeError"]) && code.handsNamesOn && code.getsAttribute
    }
    if isOne(of: ["CalledProcessError", "TimeoutExpired", "FileNotFoundError", "PermissionError"]) {
      return code.handsFirstOn
    }
    // What a server or a disk does wrong is no caller's fault.
    return code.handsNamesOn && !ExceptionType.mayBeFamily(text, name)
  }

  /// Module and function of a frame. Of a caller the line says less: a statement over several lines shows another one
  /// from one Python to the next.
  func addFunction(_ text: borrowing Span<UInt8>, _ index: Int, to writer: inout KeyWriter) {
    let none = index..<index
    writer.addFrame(
      text, module: placed[index].module, function: function(text, of: index), source: none, algorithm: algorithm)
  }

  /// Does a library that finds the site's code wrong begin its text with the class: `'RoomViewSet' should either include
  /// a `serializer_class` attribute, …`?
  func namesClass(_ text: borrowing Span<UInt8>, _ name: Range<Int>, _ message: Range<Int>) -> Bool {
    guard algorithm.asksForCaller, text.equals(name, "AssertionError") || text.equals(name, "ImproperlyConfigured"),
      let named = Endpoint.quotedText(text, at: message.lowerBound, end: message.upperBound),
      text[named.lowerBound].isUppercase
    else { return false }
    for index in named where !text[index].isLetter { return false }
    return true
  }

  /// The view, where the error came out of it and no line of the site's own says more. What a middleware of a library
  /// fails with is no view's.
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

  /// The site's own frame above a loop of library code; nil: there is none.
  func entry(to cycle: [Int], in range: Range<Int>) -> Int? {
    guard algorithm.asksForCaller, let first = cycle.min(), placed[first].place != .application else { return nil }
    return innermost(.application, in: range.lowerBound..<Swift.max(range.lowerBound, first))
  }

  /// Celery's time limit strikes wherever a task happens to be: its outermost frame is the task.
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

  /// The column that django-import-export names when it wraps what a resource of the site's own raised for a row:
  /// `1: 'code' (OrderedDict([…`. It prints no cause.
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
