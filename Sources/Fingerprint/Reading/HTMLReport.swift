import MailMessage

/// Converts Django's HTML report to the layout of its text report, so that one parser reads both.
///
/// In HTML, a visitor's text is escaped and stays inside its element. To keep it apart in the text too, lines that it
/// begins carry a mark (`HTMLText.mark`).
///
/// The page has the exception before the traceback, the text has it after:
///
///     KeyError at /cart/                    message
///     'price'                               …
///     Request Method: GET                   KeyError at /cart/
///     Django Version: 4.2                   'price'
///     Exception Type: KeyError      ──┐     Django Version: 4.2
///     Exception Value: 'price'        │     Python Executable: …
///     Exception Location: …           │     Traceback (most recent call last):
///     Raised during: shop.views.cart  │       File …
///     Python Executable: …            └──▶  Exception Type: KeyError at /cart/ …
///     Traceback (most recent call last):
enum HTMLReport {
  /// Returns the page as text.
  ///
  /// - Parameter work: increased by the number of octets that were examined.
  static func plainText(_ html: borrowing Span<UInt8>, _ work: inout Int) -> [UInt8] {
    let lines = HTMLText.convert(html, &work)
    work += lines.count
    return reordered(lines.span) ?? lines
  }

  /// True if a page is not Django's and has marked lines: a traceback in `<pre>`, as products mail it. In Django's page
  /// the marks keep a visitor's lines apart and have to stay.
  static func isOwnLayout(_ text: borrowing Span<UInt8>) -> Bool {
    for words: StaticString in ["Django Version:", "Exception Type:", "Python Executable:", "Request Method:"]
    where text.firstIndex(of: words, in: 0..<text.count) != nil {
      return false
    }
    return text.firstIndex(of: HTMLText.mark, in: 0..<text.count) != nil
  }

  private static func reordered(_ text: borrowing Span<UInt8>) -> [UInt8]? {
    let end = text.count
    guard let version = text.firstIndex(of: "\nDjango Version:", in: 0..<end),
      let python = text.firstIndex(of: "\nPython Executable:", in: version..<end)
        ?? text.firstIndex(of: "\nPython Version:", in: version..<end)
    else { return nil }
    let first = text.trimmed(0..<version)
    let headline = text.line(at: first.lowerBound, before: version)
    let afterVersion = text.next(after: text.line(at: version + 1, before: end), before: end)
    let request =
      text.firstIndex(of: "\nRequest information:", in: python..<end)
      ?? text.firstIndex(of: "\nRequest data not supplied", in: python..<end)
      ?? text.firstIndex(of: "\nUsing settings module", in: python..<end) ?? end
    var output: [UInt8] = []
    output.reserveCapacity(text.count + 200)
    func add(_ range: Range<Int>) { for index in text.clamped(range) { output.append(text[index]) } }
    func add(_ line: StaticString) { for i in 0..<line.utf8CodeUnitCount { output.append(line.utf8Start[i]) } }
    guard let exception = text.firstIndex(of: "\nException Type:", in: (afterVersion - 1)..<python) else {
      // Nothing was raised: the message stands where the exception's text would.
      let message = Swift.min(headline.upperBound + 1, version)
      let metadata = text.firstIndex(of: "\nRequest Method:", in: message..<version) ?? version
      add(text.trimmed(message..<metadata))
      add("\n\n")
      add(0..<afterVersion)
      add((python + 1)..<end)
      return output
    }
    add(0..<(exception + 1))
    add((python + 1)..<request)
    add("\nException Type: ")
    add(headline)
    add("\n")
    let value = text.firstIndex(of: "\nException Value:", in: exception..<python)
    let tail =
      text.firstIndex(of: "\nException Location:", in: exception..<python)
      ?? text.firstIndex(of: "\nRaised during:", in: exception..<python) ?? python
    if let value, value < tail { add((value + 1)..<tail) }
    if let raised = text.firstIndex(of: "\nRaised during:", in: tail..<python) {
      add(raised..<text.line(at: raised + 1, before: python).upperBound)
    }
    add(request..<end)
    return output
  }
}
