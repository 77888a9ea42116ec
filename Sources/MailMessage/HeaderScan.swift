/// The positions of the header fields of a raw message, for editing: ranges only, nothing decoded, nothing copied.
/// `HeaderScanner` says what is a field; the text below the header is not read.
struct HeaderScan {
  struct Field {
    /// The name without the colon and without the blanks before it that old mail has.
    var name: Range<Int>
    /// The value: from after the colon to the end of the last line of the field, without its line end.
    var value: Range<Int>
  }

  private(set) var fields: [Field] = []
  /// The position where a field can be added: before the first one. Above it there may be stray lines, of which folded
  /// ones would become part of a field before them.
  var top: Int { fields.first?.name.lowerBound ?? 0 }
  /// The end of the header: the start of the empty line or of the text.
  private(set) var end = 0
  /// True if a field can be added without guessing where the text starts.
  private(set) var takesFields = true
  /// The end of the first line; CRLF if there is none.
  private(set) var lineEnd: [UInt8] = [0x0D, 0x0A]

  init(_ message: [UInt8]) {
    let bytes = message.span
    var scanner = HeaderScanner()
    var start = 0
    while start < bytes.count {
      let line = scanner.line(bytes, at: start, before: bytes.count)
      if start == 0, line.next == line.text.upperBound + 1, bytes[line.next - 1] == 0x0A { lineEnd = [0x0A] }
      guard take(line) else { break }
      start = line.next
    }
    // Stray lines without a field below them are text.
    if !fields.isEmpty { end = start }
  }

  /// Takes a line. Returns true if it belongs to the header.
  private mutating func take(_ line: HeaderLine) -> Bool {
    switch line.kind {
    case .field(let name, let colon): fields.append(Field(name: name, value: (colon + 1)..<line.text.upperBound))
    case .fold:
      if let last = fields.indices.last {
        fields[last].value = fields[last].value.lowerBound..<line.text.upperBound
      }
    case .stray, .end, .text: break
    }
    takesFields = !fields.isEmpty || (line.kind == .end && line.text.lowerBound == 0)
    return line.kind.isInHeader
  }
}
