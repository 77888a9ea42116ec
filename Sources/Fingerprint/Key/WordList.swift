import MailMessage

/// Words by their first octets, so that a line costs a look at the few that begin like it. ASCII letters count in either
/// case; the words are given with theirs in lower case.
struct WordList: Sendable {
  /// One list for each first octet, shared by its capital.
  private let words: [[StaticString]]

  init(_ list: [StaticString]) {
    var words = [[StaticString]](repeating: [], count: 256)
    for word in list where word.utf8CodeUnitCount > 0 { words[Int(word.utf8Start[0])].append(word) }
    self.words = words
  }

  /// The first word with which `range` begins and that `isFitting`.
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
