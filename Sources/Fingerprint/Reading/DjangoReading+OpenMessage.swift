import MailMessage

// If the Subject does not tell how long the message is, the head of the report may be anywhere.
extension DjangoReading.Finder {
  /// True if no report can stand inside another one. If the Subject does not say what comes before the head, the head
  /// may be anywhere, so nothing else tells Django's own lines from those that a visitor wrote above or below them.
  var isAlone: Bool {
    let environments = marks.environments.filter { $0 >= start.floor }
    let headers = marks.headers.filter { $0 >= start.floor }
    guard let environment = environments.first else { return headers.count <= 1 }
    return environments.count == 1 && (headers.first ?? environment) >= environment
  }

  /// True if the head of a report without an exception stands above a traceback: the data sent with the request may
  /// contain one.
  func isBelowReport(_ text: borrowing Span<UInt8>, _ reading: DjangoReading) -> Bool {
    guard reading.type != nil else { return false }
    let end = Swift.max(start.floor, reading.head ?? reading.environment)
    for head: StaticString in ["\nReport at ", "\nReport\n"]
    where text.firstIndex(of: head, in: Swift.max(0, start.floor - 1)..<end) != nil { return true }
    return false
  }

  /// True if the log message's first line is repeated below the environment of a report without an exception. Django
  /// repeats it above, so the environment stands in the path.
  mutating func isAboveMessage(_ text: borrowing Span<UInt8>, _ reading: DjangoReading) -> Bool {
    guard reading.type == nil else { return false }
    let message = text.line(at: text.trimmed(0..<text.count).lowerBound, before: text.count)
    var index = reading.environment
    work += text.count - index
    while index < text.count {
      let line = text.line(at: index, before: text.count)
      if !message.isEmpty, text.same(line, message) { return true }
      index = Swift.max(text.next(after: line, before: text.count), index + 1)
    }
    return false
  }
}
