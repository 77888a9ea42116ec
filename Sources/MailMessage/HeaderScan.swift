/// The positions of the header fields of a raw message, for editing: ranges only, nothing decoded, nothing copied.
///
/// Accepts what real mail contains: CRLF or LF line ends, a `From ` line of an mbox file on top, folded lines before
/// any field, no header at all. The header ends at the empty line, or at the first line that can be no part of a
/// header; the rest is body and not read.
struct HeaderScan {
  struct Field {
    /// The name without the colon and without the space before it that old mail has.
    var name: Range<Int>
    /// The value: from after the colon to the end of the last line of the field, without its line end.
    var value: Range<Int>
  }

  private(set) var fields: [Field] = []
  /// The position where a field can be added: before the first one. Above it there may be a `From ` line, or folded
  /// lines that would become part of a field before them.
  private(set) var top = 0
  /// The end of the header: the start of the empty line or of the body.
  private(set) var end = 0
  /// True if a field can be added without guessing where the body starts.
  private(set) var takesFields = true
  /// The end of the first line; CRLF if there is none.
  private(set) var lineEnd: [UInt8] = [0x0D, 0x0A]

  init(_ message: [UInt8]) {
    var start = 0
    while start < message.count {
      let line = Line(message, from: start)
      if start == 0, line.hasBareLF { lineEnd = [0x0A] }
      if line.text.isEmpty { break }
      guard take(line, message) else { break }
      start = line.next
      end = start
    }
    if let first = fields.first {
      top = first.name.lowerBound
    } else {
      takesFields = start == top && (start == message.count || Line(message, from: start).text.isEmpty)
    }
  }

  /// Takes a line. Returns true if it belongs to the header.
  private mutating func take(_ line: Line, _ message: [UInt8]) -> Bool {
    let first = message[line.text.lowerBound]
    if first == 0x20 || first == 0x09 {
      // A folded line before any field is skipped, as Python's parser does.
      if let last = fields.indices.last {
        fields[last].value = fields[last].value.lowerBound..<line.text.upperBound
      }
      return true
    }
    if line.text.lowerBound == 0, message.starts(with: Array("From ".utf8)) {
      top = line.next
      return true
    }
    guard let field = Self.field(in: line.text, message) else { return false }
    fields.append(field)
    return true
  }

  /// Returns the field of a line: `name:` of RFC 5322 section 3.6.8, with the space before the colon of section 4.5.
  static func field(in line: Range<Int>, _ message: [UInt8]) -> Field? {
    guard let colon = message[line].firstIndex(of: UInt8(ascii: ":")) else { return nil }
    var end = colon
    while end > line.lowerBound, message[end - 1] == 0x20 || message[end - 1] == 0x09 { end -= 1 }
    let name = line.lowerBound..<end
    guard !name.isEmpty, message[name].allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return Field(name: name, value: (colon + 1)..<line.upperBound)
  }

  private struct Line {
    /// The line without the line end.
    var text: Range<Int>
    /// The start of the next line.
    var next: Int
    var hasBareLF: Bool

    init(_ message: [UInt8], from start: Int) {
      guard let lf = message[start...].firstIndex(of: 0x0A) else {
        self.init(text: start..<message.count, next: message.count, hasBareLF: false)
        return
      }
      let hasCR = lf > start && message[lf - 1] == 0x0D
      self.init(text: start..<(hasCR ? lf - 1 : lf), next: lf + 1, hasBareLF: !hasCR)
    }

    private init(text: Range<Int>, next: Int, hasBareLF: Bool) {
      (self.text, self.next, self.hasBareLF) = (text, next, hasBareLF)
    }
  }
}
