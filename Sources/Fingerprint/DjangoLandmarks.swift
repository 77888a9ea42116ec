import MailMessage

/// The lines of a text that look like those which Django's report template prints, in one pass.
///
/// A visitor of the site can write each of them: into the path, into the text of an exception, into the name of a form
/// field. Which ones are Django's own, `DjangoReport` finds out. Of each kind the first ones are kept, so that what a
/// visitor writes does not decide what reading costs.
struct DjangoLandmarks: Sendable {
  static let mostOfAKind = 16

  /// `Django Version: ` with the interpreter's lines under it.
  private(set) var environments: [Int] = []
  /// `Traceback (most recent call last):`
  private(set) var headers: [Int] = []
  /// `Exception Type: `
  private(set) var types: [Int] = []
  /// `Request information:` or `Request data not supplied`
  private(set) var requests: [Int] = []
  /// The last `Using settings module `.
  private(set) var settings: Int?
  /// The last heading of what the request holds: `GET:`, `POST:`, `FILES:`, `COOKIES:`, `META:`.
  private(set) var lastSection = 0

  init(_ text: borrowing Span<UInt8>) {
    var index = 0
    while index < text.count {
      let line = text.line(at: index, before: text.count)
      if !line.isEmpty { note(text, line) }
      index = Swift.max(text.next(after: line, before: text.count), index + 1)
    }
  }

  @inline(__always)
  private mutating func note(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    let at = line.lowerBound
    func has(_ words: StaticString) -> Bool { text.has(words, at: at, before: line.upperBound) }
    switch text[at] {
    case UInt8(ascii: "D"):
      if has("Django Version: "), Self.isEnvironment(text, line) { Self.keep(at, in: &environments) }
    case UInt8(ascii: "T"):
      if FrameLine.isHeader(text, text.trimmed(line)) { Self.keep(at, in: &headers) }
    case UInt8(ascii: "E"):
      if has("Exception Type: ") { Self.keep(at, in: &types) }
    case UInt8(ascii: "R"):
      if has("Request information:") || has("Request data not supplied") { Self.keep(at, in: &requests) }
    case UInt8(ascii: "U"):
      if has("Using settings module ") { settings = at }
    case UInt8(ascii: "G"), UInt8(ascii: "P"), UInt8(ascii: "F"), UInt8(ascii: "C"), UInt8(ascii: "M"):
      if has("GET:") || has("POST:") || has("FILES:") || has("COOKIES:") || has("META:") { lastSection = at }
    default: break
    }
  }

  private static func keep(_ at: Int, in kind: inout [Int]) {
    if kind.count < mostOfAKind { kind.append(at) }
  }

  private static func isEnvironment(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    let next = text.next(after: line, before: text.count)
    return text.has("Python Executable:", at: next, before: text.count)
      || text.has("Python Version:", at: next, before: text.count)
  }
}
