import MailMessage

/// The tag before the Subject of a later mail of an error, e.g. `[300x 4cd8fd73]` or `[back 301x 4cd8fd73]`.
///
/// A word states what is special about the mail, the number is the count of mails in this episode, and the id is the
/// one that `dedupctl show` takes. With the blank after it, the tag takes at most 23 columns, so that a list of mails
/// still shows the original Subject.
struct SubjectTag: Hashable, Sendable {
  enum Word: String, CaseIterable, Sendable {
    /// The error was quiet for so long that this is another episode.
    case again
    /// The error was resolved and came back.
    case back
    /// The error went on for a whole window in which no mail was sent.
    case still
    /// The mail shows another path of an error that is held back.
    case also
    /// No mail of the error arrived for a while, so the episode is over.
    case quiet
  }

  var word: Word?
  var count: Int
  /// The id of the error; see `FingerprintRow.id`.
  var errorID: String

  /// The tag with its brackets.
  var text: String {
    let words = [word?.rawValue, Self.times(count), errorID].compactMap { $0 }
    return "[\(words.joined(separator: " "))]"
  }

  /// Returns the count with its unit, e.g. `300x` or `12kx`, at most five characters.
  private static func times(_ count: Int) -> String {
    switch count {
    case ..<10_000: "\(max(0, count))x"
    case ..<1_000_000: "\(count / 1000)kx"
    default: "\(min(count / 1_000_000, 999))Mx"
    }
  }

  /// Returns the index behind the tag at the beginning of `text`, or nil if it does not begin with a tag.
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
