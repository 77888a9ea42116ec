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
      if isOne(of: ["KeyError", "IndexError"]) { return code.subscripts(text) }
      if isOne(of: ["AttributeError"]) { return code.getsAttribute(text) }
      return code.raises(text)
    }
    if isOne(of: ["DoesNotExist", "MultipleObjectsReturned"]) { return code.stars(text) }
    let isCommand = isOne(of: ["CalledProcessError", "TimeoutExpired", "FileNotFoundError", "PermissionError"])
    return isCommand && code.runs(text)
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

/// A line of code that may only hand on what its function was given.
private struct HandedOn {
  private let source: Range<Int>
  /// A string or a number of the line's own says what was asked for: the line is at fault, or its function.
  private let hasLiteral: Bool

  init(_ text: borrowing Span<UInt8>, _ source: Range<Int>) {
    self.source = source.lowerBound..<Swift.min(source.upperBound, source.lowerBound + 400)
    var literal = false
    for index in self.source {
      let byte = text[index]
      let beginsNumber = byte.isDigit && (index == source.lowerBound || !text[index - 1].isNameByte)
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") || beginsNumber { literal = true }
    }
    hasLiteral = literal
  }

  /// `return TABLES[table][key]`, `stock.pop(key)`: nothing but the question. `length * RATES[kind]` is a calculation of
  /// the function's own.
  func subscripts(_ text: borrowing Span<UInt8>) -> Bool {
    guard !hasLiteral else { return false }
    var index = name(text, from: question(text))
    for word: StaticString in [".pop(", ".remove(", ".index("] {
      let start = index - word.utf8CodeUnitCount + 1
      if start > source.lowerBound, text.has(word, at: start, before: source.upperBound) {
        return isName(text, from: index + 1, to: ")")
      }
    }
    var count = 0
    while index < source.upperBound, text[index] == UInt8(ascii: "["), isName(text, from: index + 1, to: "]") {
      index = name(text, from: index + 1) + 1
      count += 1
    }
    return count > 0 && index == source.upperBound
  }

  /// Where the line begins behind `return ` or `value = `.
  private func question(_ text: borrowing Span<UInt8>) -> Int {
    var start = source.lowerBound
    for word: StaticString in ["return ", "yield "] where text.has(word, at: start, before: source.upperBound) {
      start += word.utf8CodeUnitCount
    }
    let end = name(text, from: start)
    return text.has(" = ", at: end, before: source.upperBound) ? end + 3 : start
  }

  /// `return getattr(obj, name)`
  func getsAttribute(_ text: borrowing Span<UInt8>) -> Bool {
    !hasLiteral && text.firstIndex(of: "getattr(", in: source) != nil
  }

  /// `raise ShopError(message)`, `raise error`
  func raises(_ text: borrowing Span<UInt8>) -> Bool {
    guard !hasLiteral, text.has("raise ", at: source.lowerBound, before: source.upperBound) else { return false }
    let raised = source.lowerBound + 6..<source.upperBound
    guard let open = text.firstIndex(of: UInt8(ascii: "("), in: raised) else {
      return raised.first.map { text[$0].isLowercase } ?? false
    }
    return isName(text, from: open + 1, to: ")")
  }

  /// `return model.objects.get(**kw)`
  func stars(_ text: borrowing Span<UInt8>) -> Bool {
    text.firstIndex(of: "(**", in: source) != nil || text.firstIndex(of: "(*", in: source) != nil
  }

  /// `subprocess.run(command, check=True)`
  func runs(_ text: borrowing Span<UInt8>) -> Bool {
    guard let open = text.firstIndex(of: UInt8(ascii: "("), in: source), open > source.lowerBound else { return false }
    return isName(text, from: open + 1, to: ",") || isName(text, from: open + 1, to: ")")
  }

  /// Does a name, perhaps with dots, reach from `start` to the octet `end`?
  private func isName(_ text: borrowing Span<UInt8>, from start: Int, to end: StaticString) -> Bool {
    let index = name(text, from: start)
    return index > start && text.has(end, at: index, before: source.upperBound)
  }

  private func name(_ text: borrowing Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < source.upperBound, text[index].isNameByte || text[index] == UInt8(ascii: ".") { index += 1 }
    return index
  }
}
