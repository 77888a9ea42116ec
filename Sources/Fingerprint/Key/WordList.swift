import MailMessage

/// A list of words, indexed by their first octet, so that only the few that begin like a line are compared with it.
/// ASCII letters match in either case; the words are given in lower case.
struct WordList: Sendable {
  /// The words for each first octet; a capital shares the list of its small letter.
  private let words: [[StaticString]]

  init(_ list: [StaticString]) {
    var words = [[StaticString]](repeating: [], count: 256)
    for word in list where word.utf8CodeUnitCount > 0 { words[Int(word.utf8Start[0])].append(word) }
    self.words = words
  }

  /// Returns the first word that `range` begins with and that passes `isFitting`, or nil if none does.
  func first(
    _ text: borrowing Span<UInt8>, beginning range: Range<Int>, where isFitting: (StaticString) -> Bool = { _ in true }
  ) -> StaticString? {
    guard let first = range.first else { return nil }
    for word in words[Int(text[first].asciiLowercased)]
    where text.hasIgnoringCase(word, at: first, before: range.upperBound) && isFitting(word) {
      return word
    }
    return nil
  }
}
