/// A pattern for a whole text, like those of shells.
///
/// | written | matches |
/// |---|---|
/// | `*` | any text, even none, even across lines |
/// | `?` | one character |
/// | `[abc]`, `[a-z]`, `[!0-9]` | one character of the set, or one outside of it; `[*]` is a star |
/// | anything else | itself |
///
/// Matching costs at most length of the pattern × length of the text: of several stars only the last one is ever
/// retried, because what an earlier one matched can stay. Bytes that are not UTF-8 are one character each and match
/// nothing but `?`, `*` and negated sets.
package struct Glob: Hashable, Sendable, CustomStringConvertible {
  /// The maximum length of a pattern, in characters.
  package static let longest = 200

  /// The reason why a text is no pattern.
  package enum Fault: String, Error, Sendable, CaseIterable {
    case empty = "is empty"
    case tooLong = "is longer than 200 characters"
    case openSet = "has a [ without its ]"
    case emptySet = "has a set without a character"
    case backwardRange = "has a range that runs backwards"
  }

  private enum Token: Hashable {
    case character(UInt32)
    case any
    case star
    case set([ClosedRange<UInt32>], isNegated: Bool)
  }

  /// The pattern as it was written.
  package let description: String
  /// True if `A` and `a` are the same; ASCII only.
  private let ignoresCase: Bool
  private let tokens: [Token]

  package init(_ text: String, ignoresCase: Bool = false) throws(Fault) {
    description = text
    self.ignoresCase = ignoresCase
    tokens = try Self.tokens(ignoresCase ? text.unicodeScalars.map(\.folded) : text.unicodeScalars.map(\.value))
  }

  package static func == (left: Glob, right: Glob) -> Bool {
    left.tokens == right.tokens && left.ignoresCase == right.ignoresCase
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(tokens)
    hasher.combine(ignoresCase)
  }

  // MARK: - Reading

  private static func tokens(_ scalars: [UInt32]) throws(Fault) -> [Token] {
    if scalars.isEmpty { throw .empty }
    if scalars.count > longest { throw .tooLong }
    var tokens: [Token] = []
    var index = 0
    while index < scalars.count {
      switch scalars[index] {
      case "*": if tokens.last != .star { tokens.append(.star) }
      case "?": tokens.append(.any)
      case "[":
        tokens.append(try set(scalars, &index))
        continue
      case let scalar: tokens.append(.character(scalar))
      }
      index += 1
    }
    return tokens
  }

  /// Reads a set from its `[` on and leaves `index` after its `]`. A `]` right at the front is a member of the set.
  private static func set(_ scalars: [UInt32], _ index: inout Int) throws(Fault) -> Token {
    var next = index + 1
    let isNegated = next < scalars.count && (scalars[next] == "!" || scalars[next] == "^")
    if isNegated { next += 1 }
    var ranges: [ClosedRange<UInt32>] = []
    while next < scalars.count, scalars[next] != "]" || ranges.isEmpty {
      let first = scalars[next]
      // In `[]` and `[!]` the `]` closes nothing: it needs another one.
      if first == "]", !scalars[(next + 1)...].contains("]") { throw .emptySet }
      if next + 2 < scalars.count, scalars[next + 1] == "-", scalars[next + 2] != "]" {
        guard first <= scalars[next + 2] else { throw .backwardRange }
        ranges.append(first...scalars[next + 2])
        next += 3
      } else {
        ranges.append(first...first)
        next += 1
      }
    }
    guard next < scalars.count else { throw .openSet }
    index = next + 1
    return .set(ranges, isNegated: isNegated)
  }

  // MARK: - Matching

  /// Returns true if the pattern matches all of `text`.
  package func matches(_ text: [UInt8]) -> Bool {
    var at = 0
    var token = 0
    /// The token after the last star, and the position in the text up to which the star has matched.
    var retry: (token: Int, at: Int)?
    while at < text.count {
      if token < tokens.count, tokens[token] == .star {
        token += 1
        retry = (token, at)
        continue
      }
      let (scalar, length) = Self.character(of: text, at: at)
      if token < tokens.count, admits(tokens[token], scalar) {
        token += 1
        at += length
        continue
      }
      guard let last = retry else { return false }
      // The star takes one more character, and what follows it is tried again from there.
      at = last.at + Self.character(of: text, at: last.at).length
      token = last.token
      retry = (token, at)
    }
    while token < tokens.count, tokens[token] == .star { token += 1 }
    return token == tokens.count
  }

  private func admits(_ token: Token, _ scalar: UInt32) -> Bool {
    let scalar = ignoresCase ? scalar.folded : scalar
    switch token {
    case .character(let wanted): return wanted == scalar
    case .any: return true
    case .star: return false
    case .set(let ranges, let isNegated): return ranges.contains { $0.contains(scalar) } != isNegated
    }
  }

  /// Returns the character at `index`, in UTF-8 or a single byte of something else, with its length in bytes.
  private static func character(of text: [UInt8], at index: Int) -> (scalar: UInt32, length: Int) {
    let first = UInt32(text[index])
    let length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0
    if length == 1 { return (first, 1) }
    guard length > 0, index + length <= text.count else { return (0x11_0000 + first, 1) }
    var scalar = first & (0xFF >> UInt32(length + 1))
    for byte in text[(index + 1)..<(index + length)] {
      guard byte & 0xC0 == 0x80 else { return (0x11_0000 + first, 1) }
      scalar = scalar << 6 | UInt32(byte & 0x3F)
    }
    return (scalar, length)
  }
}

extension UInt32 {
  /// Allows the code above to compare scalars with character literals.
  fileprivate static func ~= (character: Unicode.Scalar, value: UInt32) -> Bool { character.value == value }
  fileprivate static func == (value: UInt32, character: Unicode.Scalar) -> Bool { character.value == value }
  fileprivate static func != (value: UInt32, character: Unicode.Scalar) -> Bool { character.value != value }

  fileprivate var folded: UInt32 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension Unicode.Scalar {
  fileprivate var folded: UInt32 { value.folded }
}

extension ArraySlice<UInt32> {
  fileprivate func contains(_ character: Unicode.Scalar) -> Bool { contains(character.value) }
}
