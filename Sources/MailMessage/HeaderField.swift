/// One header field of a mail, as ranges into its bytes (RFC 5322, 2.2).
///
///     Subject: [Shop] ERROR: first line\r\n second line\r\n
///     |name  | |value, with its folds          |
package struct HeaderField: Sendable, Equatable {
  package let name: Range<Int>
  /// The text after the colon, without surrounding white space, folds included.
  package let value: Range<Int>
}

/// The header block of a mail or of a MIME part.
package struct HeaderBlock: Sendable {
  package let fields: [HeaderField]
  /// The start of the body: after the empty line, or at the line that is no field.
  package let bodyStart: Int
  /// True if the block exceeded `limit` octets before an empty line came.
  package let isTooLarge: Bool
  /// True if the fields end at a line that is no field, without an empty line in between. Python writes such a block if
  /// a Subject holds a vertical tab or a form feed: it folds there and puts no space in front.
  package let endsInText: Bool

  /// Reads the fields from the start of `range`. Never fails: a line that is no field ends the block, so that a mail
  /// without any header is all body.
  package init(_ bytes: borrowing Span<UInt8>, in range: Range<Int>, limit: Int = 1024 * 1024) {
    var fields: [HeaderField] = []
    var index = range.lowerBound
    let end = range.upperBound
    var tooLarge = false
    var inText = false
    while index < end {
      let line = bytes.line(at: index, before: end)
      let next = bytes.next(after: line, before: end)
      if line.isEmpty {
        index = next
        break
      }
      guard let field = HeaderBlock.field(bytes, line: line, end: Swift.min(end, range.lowerBound + limit + 1)) else {
        inText = !fields.isEmpty
        break
      }
      fields.append(field.0)
      index = Swift.max(field.1, next)
      if index - range.lowerBound > limit {
        tooLarge = true
        break
      }
    }
    self.fields = fields
    bodyStart = index
    isTooLarge = tooLarge
    endsInText = inText
  }

  /// Returns the field that begins on `line`, and the start of the line after its last fold.
  private static func field(_ bytes: borrowing Span<UInt8>, line: Range<Int>, end: Int) -> (HeaderField, Int)? {
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), in: line), colon > line.lowerBound else { return nil }
    let name = line.lowerBound..<colon
    // RFC 5322, 2.2: no spaces inside a name. The `From you Sat Jan` of an mbox file and prose both end here. A space
    // before the colon, which only the obsolete syntax of 4.5.8 has, ends it too: Python keeps visitors from starting a
    // field in a Subject, but not with `Name :`.
    for index in name where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return nil }
    var last = line
    var next = bytes.next(after: line, before: end)
    while next < end, bytes[next] == 0x20 || bytes[next] == 0x09 {
      last = bytes.line(at: next, before: end)
      next = bytes.next(after: last, before: end)
    }
    return (HeaderField(name: name, value: bytes.trimmed((colon + 1)..<Swift.max(colon + 1, last.upperBound))), next)
  }

  /// Returns the value of the first field with that name (given in lower case); nil if there is none.
  package func value(of name: StaticString, in bytes: borrowing Span<UInt8>) -> Range<Int>? {
    for field in fields where bytes.equalsIgnoringCase(field.name, name) { return field.value }
    return nil
  }

  /// Returns true if there is a field whose name begins with `prefix` (given in lower case).
  func hasField(withPrefix prefix: StaticString, in bytes: borrowing Span<UInt8>) -> Bool {
    for field in fields where bytes.hasIgnoringCase(prefix, at: field.name.lowerBound, before: field.name.upperBound) {
      return true
    }
    return false
  }
}
