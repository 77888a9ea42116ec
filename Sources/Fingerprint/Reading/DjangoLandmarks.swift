import MailMessage

/// The lines of a text that look like those which Django's report template prints, found in one pass.
///
/// A visitor of the site can write each of them: into the path, into the text of an exception, into the name of a form
/// field. `DjangoReport` finds out which ones are Django's own. Of each kind the first ones are kept, so that a
/// visitor's text does not decide what reading costs. If there are more (`isOverfull`), Django's own may not be among
/// them.
struct DjangoLandmarks: Sendable {
  static let mostOfAKind = 16

  /// The lines `Django Version: ` that are followed by the interpreter's lines.
  private(set) var environments: [Int] = []
  /// The lines `Traceback (most recent call last):`.
  private(set) var headers: [Int] = []
  /// The lines `Exception Type: `.
  private(set) var types: [Int] = []
  /// The lines `Request information:` and `Request data not supplied`.
  private(set) var requests: [Int] = []
  /// The start of the last line `Using settings module `, or nil if there is none.
  private(set) var settings: Int?
  /// The last heading of the request's contents: `GET:`, `POST:`, `FILES:`, `COOKIES:`, `META:`.
  private(set) var lastSection = 0
  /// True if there are more lines of a kind than are kept.
  private(set) var isOverfull = false

  /// Finds the lines of `text`.
  ///
  /// - Parameter start: the start of the first line that is examined: after the log message, if its end is known.
  init(_ text: borrowing Span<UInt8>, from start: Int = 0) {
    var index = Self.candidate(text, from: start)
    while index < text.count {
      note(text, text.line(at: index, before: text.count))
      index = Self.candidate(
        text, from: (text.firstIndex(of: UInt8(ascii: "\n"), in: index..<text.count) ?? text.count) + 1)
    }
  }

  /// The first line, from the one at `start` on, that begins like a landmark, or the end of the text if there is none.
  /// For most lines only the first four octets are read.
  private static func candidate(_ text: borrowing Span<UInt8>, from start: Int) -> Int {
    text.withUnsafeBytes { octets in
      var index = start
      while index + 4 <= octets.count {
        switch UInt32(bigEndian: octets.loadUnaligned(fromByteOffset: index, as: UInt32.self)) {
        case 0x446A_616E, 0x5472_6163, 0x4578_6365, 0x5265_7175, 0x5573_696E,  // Djan Trac Exce Requ Usin
          0x4745_543A, 0x504F_5354, 0x4649_4C45, 0x434F_4F4B, 0x4D45_5441:  // GET: POST FILE COOK META
          return index
        default: index = octets[index] == 0x0A ? index + 1 : octets.firstIndex(of: 0x0A, in: index..<octets.count) + 1
        }
      }
      return octets.count
    }
  }

  private mutating func note(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    let at = line.lowerBound
    func has(_ words: StaticString) -> Bool { text.has(words, at: at, before: line.upperBound) }
    switch text[at] {
    case UInt8(ascii: "D"):
      if has("Django Version: "), Self.isEnvironment(text, line) { Self.keep(at, in: &environments, &isOverfull) }
    case UInt8(ascii: "T"):
      if FrameLine.isHeader(text, text.trimmed(line)) { Self.keep(at, in: &headers, &isOverfull) }
    case UInt8(ascii: "E"):
      if has("Exception Type: ") { Self.keep(at, in: &types, &isOverfull) }
    case UInt8(ascii: "R"):
      if has("Request information:") || has("Request data not supplied") { Self.keep(at, in: &requests, &isOverfull) }
    case UInt8(ascii: "U"):
      if has("Using settings module ") { settings = at }
    default:
      if has("GET:") || has("POST:") || has("FILES:") || has("COOKIES:") || has("META:") { lastSection = at }
    }
  }

  private static func keep(_ at: Int, in kind: inout [Int], _ isOverfull: inout Bool) {
    if kind.count < mostOfAKind { kind.append(at) } else { isOverfull = true }
  }

  private static func isEnvironment(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    let next = text.next(after: line, before: text.count)
    return text.has("Python Executable:", at: next, before: text.count)
      || text.has("Python Version:", at: next, before: text.count)
  }
}
