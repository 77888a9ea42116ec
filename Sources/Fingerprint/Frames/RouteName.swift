import MailMessage

/// The message of Django if no URL fits (`django/urls/resolvers.py`), without its values, which may be a visitor's:
///
///     Reverse for 'order' with arguments '('x7',)' not found. 1 pattern(s) tried: […]
///     Reverse for 'order' with keyword arguments '{'pk': ''}' not found.
///     Reverse for 'order' not found. 'order' is not a valid view function or pattern name.
struct RouteName {
  /// The beginning, `Reverse for 'order' with arguments`. With keyword arguments also the name of the first one, which
  /// the template chose.
  let normalized: [UInt8]

  init(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    let marks: [StaticString] = [" with no arguments", " with arguments '", " with keyword arguments '"]
    var end = text.firstIndex(of: " not found", in: line) ?? line.upperBound
    for mark in marks {
      if let hit = text.firstIndex(of: mark, in: line.lowerBound..<end) { end = hit + mark.utf8CodeUnitCount }
    }
    var normalizer = TextNormalizer(quotes: .kept)
    var said = normalizer.normalize(text, line.lowerBound..<end)
    if let name = Self.keyword(text, behind: end, before: line.upperBound) {
      said += FamilySubject.copy(text, name)
    }
    normalized = said
  }

  /// Returns `pk` for `{'pk': ''}`, or nil for other text.
  private static func keyword(_ text: borrowing Span<UInt8>, behind start: Int, before end: Int) -> Range<Int>? {
    guard text.has("{", at: start, before: end), let name = Endpoint.quotedText(text, at: start + 1, end: end) else {
      return nil
    }
    for index in name where !text[index].isNameByte { return nil }
    return text.has(":", at: name.upperBound + 1, before: end) ? name : nil
  }
}
