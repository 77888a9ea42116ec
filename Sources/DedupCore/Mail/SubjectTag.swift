import MailMessage

/// What stands before the Subject of a later mail of an error: `[300x 4cd8fd73]`, `[back 301x 4cd8fd73]`.
///
/// A word says what is special about it, the number how often the error came in this episode, and the id is what
/// `dedupctl show` takes. It takes 23 columns at most with the blank behind it, so that a list of mails still shows the
/// Subject that came.
struct SubjectTag: Hashable, Sendable {
  enum Word: String, CaseIterable, Sendable {
    /// The error was quiet for so long that this is another episode.
    case again
    /// It was resolved.
    case back
    /// It went on for a whole window without a mail.
    case still
    /// Another path of an error that is held back.
    case also
    /// No mail of it came for a while: the episode is over.
    case quiet
  }

  var word: Word?
  var count: Int
  /// See `FingerprintRow.id`.
  var errorID: String

  /// With its brackets.
  var text: String {
    let words = [word?.rawValue, Self.times(count), errorID].compactMap { $0 }
    return "[\(words.joined(separator: " "))]"
  }

  /// `300x`, `12kx`: five characters at most.
  private static func times(_ count: Int) -> String {
    switch count {
    case ..<10_000: "\(max(0, count))x"
    case ..<1_000_000: "\(count / 1000)kx"
    default: "\(min(count / 1_000_000, 999))Mx"
    }
  }

  /// Where `text` goes on behind such a tag; nil when it does not begin with one.
  static func end(in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>.Index? {
    guard text.first == UInt8(ascii: "["), let end = text.prefix(24).firstIndex(of: UInt8(ascii: "]")) else {
      return nil
    }
    var words = text[text.index(after: text.startIndex)..<end].split(separator: UInt8(ascii: " "))
    if let first = words.first, Word(rawValue: String(decoding: first, as: UTF8.self)) != nil { words.removeFirst() }
    guard words.count == 2, words[0].last == UInt8(ascii: "x"), words[0].first.map(\.isDigit) == true,
      words[1].count <= 8
    else { return nil }
    return text.index(after: end)
  }
}
