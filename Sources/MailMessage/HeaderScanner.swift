/// The grammar of a header, line by line (RFC 5322, 2.2). All parts that read headers use it, so that none of them takes
/// for text what another takes for a field.
///
/// - A field is a name of printable ASCII and a colon. Between them there may be the blanks that old mail has (4.5).
/// - A line that begins with a blank or a tab goes on with the field above it, even if it holds nothing else.
/// - Above the first field there may be stray lines: the one that mbox puts there, and folds of nothing. They belong to
///   the header only if a field follows; else the mail is text without a header.
/// - The empty line ends the header; so does a line that is none of these, with which the text begins then.
/// - LF ends a line, with or without a CR before it. Any other CR is an octet like others, except the very last one,
///   which is half a line end.
///
/// Linear, without memory of its own. What a reader makes of a line, and how large a header may be, is left to it.
package struct HeaderScanner: Hashable, Sendable {
  /// The number of octets of a line in which the colon of a field must appear: a line has at most 998 (2.1.1). So a
  /// line that is longer is known to be text before it ends.
  package static let longestName = 1000
  /// The number of octets of stray lines beyond which they are text: a reader waits no longer for a field.
  package static let mostStray = 16 * 1024

  private enum Place: Hashable {
    case top
    case belowStrayLines
    case belowFields
  }

  private var place = Place.top
  private var strayOctets = 0

  package init() {}

  /// Returns the line that begins at `start` and ends before `end`. Lines have to be taken in order, the first one from
  /// the start of the header.
  @inline(__always)
  package mutating func line(_ bytes: borrowing Span<UInt8>, at start: Int, before end: Int) -> HeaderLine {
    let text = bytes.line(at: start, before: end)
    return HeaderLine(kind: kind(of: text, in: bytes), text: text, next: bytes.next(after: text, before: end))
  }

  /// Returns the kind of the next line, which is given without its line end.
  @inline(__always)
  package mutating func kind(of line: Range<Int>, in bytes: borrowing Span<UInt8>) -> HeaderLine.Kind {
    if line.isEmpty { return .end }
    let first = bytes[line.lowerBound]
    if first == 0x20 || first == 0x09 { return place == .belowFields ? .fold : stray(line) }
    if let field = Self.field(line, in: bytes) {
      place = .belowFields
      return field
    }
    let isMark =
      bytes.has("From ", at: line.lowerBound, before: line.upperBound)
      || bytes.has(">From ", at: line.lowerBound, before: line.upperBound)
    return isMark && place == .top ? stray(line) : .text
  }

  private mutating func stray(_ line: Range<Int>) -> HeaderLine.Kind {
    place = .belowStrayLines
    strayOctets += line.count
    return strayOctets > Self.mostStray ? .text : .stray
  }

  /// Returns the field of a line: the `ftext` of 3.6.8, and the colon.
  @inline(__always)
  private static func field(_ line: Range<Int>, in bytes: borrowing Span<UInt8>) -> HeaderLine.Kind? {
    let start = line.lowerBound
    let most = Swift.min(line.upperBound, start + longestName)
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), in: start..<most) else { return nil }
    var end = colon
    while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    for index in start..<end where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return nil }
    return start < end ? .field(name: start..<end, colon: colon) : nil
  }
}

/// A line of a header, or the one that ends it.
package struct HeaderLine: Sendable {
  package enum Kind: Hashable, Sendable {
    /// The first line of a field. The name is without the blanks before the colon.
    case field(name: Range<Int>, colon: Int)
    /// A line that goes on with the field above it.
    case fold
    /// A line above the first field that is part of none.
    case stray
    /// The empty line between header and text.
    case end
    /// A line that can be no part of a header: the first one of the text.
    case text

    /// True unless the line ends the header.
    package var isInHeader: Bool {
      switch self {
      case .field, .fold, .stray: true
      case .end, .text: false
      }
    }
  }

  package let kind: Kind
  /// The line without its line end.
  package let text: Range<Int>
  /// The start of the next line.
  package let next: Int
}
