import MailMessage

/// Selects and writes the frames that a key is made of.
extension KeyDeriver {
  func innermost(_ place: Place, in range: Range<Int>) -> Int? {
    for index in range.reversed() where placed[index].place == place && !placed[index].isPlumbing { return index }
    return nil
  }

  /// True if the template engine stands between the application's frame and the end: then the template raised the
  /// error.
  func isRaisedByTemplate(_ text: borrowing Span<UInt8>, behind frame: Int, in range: Range<Int>) -> Bool {
    guard frame + 1 < range.upperBound else { return false }
    for index in (frame + 1)..<range.upperBound {
      let module = placed[index].module
      if algorithm.knowsDeployments {
        if RaisingPlace.has(text, "django/template/", in: module) || RaisingPlace.has(text, "jinja2/", in: module) {
          return true
        }
      } else if text.has("django/template/", at: module.lowerBound, before: module.upperBound)
        || text.has("jinja2/", at: module.lowerBound, before: module.upperBound)
      {
        return true
      }
    }
    return false
  }

  func isSame(_ text: borrowing Span<UInt8>, _ one: Int, _ other: Int) -> Bool {
    text.same(placed[one].module, placed[other].module)
      && text.same(traceback.frames[one].function, traceback.frames[other].function)
      && text.same(traceback.frames[one].source, traceback.frames[other].source)
  }

  func addFrame(_ text: borrowing Span<UInt8>, _ index: Int, to writer: inout KeyWriter) {
    var source = traceback.frames[index].source
    // Django's words for a file that it cannot read.
    if algorithm.knowsDeployments, text.equals(source, "<source code not available>") {
      source = source.lowerBound..<source.lowerBound
    }
    writer.addFrame(
      text, module: placed[index].module, function: function(text, of: index), source: source, algorithm: algorithm)
  }

  /// Adds the type under its current name: `socket.timeout` is `TimeoutError` since Python 3.10, `IOError` is `OSError`
  /// since 3.3.
  func addType(_ text: borrowing Span<UInt8>, _ name: Range<Int>, to writer: inout KeyWriter) {
    guard algorithm.knowsDeployments else { return writer.add(text, name) }
    if text.equals(name, "timeout") { return writer.add("TimeoutError") }
    if text.equals(name, "IOError") || text.equals(name, "EnvironmentError") { return writer.add("OSError") }
    writer.add(text, name)
  }

  /// True if a route was asked for that does not exist.
  func isRoute(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    algorithm.asksForCaller && text.equals(name, "NoReverseMatch")
  }

  /// True for `KeyError: 'shop.tasks.bill'`, raised by Celery's consumer: a task that is not registered, by a name that
  /// the site gave it.
  func isTaskName(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    guard algorithm.asksForCaller, text.equals(name, "KeyError"), let last = traceback.frames.indices.last else {
      return false
    }
    return RaisingPlace.has(text, "celery/worker/", in: placed[last].module)
  }

  func frameLine(_ text: borrowing Span<UInt8>, _ index: Int) -> [UInt8] {
    var writer = KeyWriter(.place)
    let start = writer.bytes.count + 1
    addFrame(text, index, to: &writer)
    return Array(writer.bytes[start...])
  }

  /// The function of a frame. A comprehension counts as its function, because Python 3.12 runs it there (PEP 709).
  func function(_ text: borrowing Span<UInt8>, of index: Int) -> Range<Int> {
    var at = index
    while at > 0, isComprehension(text, traceback.frames[at].function),
      text.same(traceback.frames[at].file, traceback.frames[at - 1].file)
    {
      at -= 1
    }
    return traceback.frames[at].function
  }

  private func isComprehension(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    guard name.count > 6, text[name.lowerBound] == UInt8(ascii: "<") else { return false }
    return text.equals(name, "<listcomp>") || text.equals(name, "<dictcomp>") || text.equals(name, "<setcomp>")
      || text.equals(name, "<genexpr>")
  }
}
