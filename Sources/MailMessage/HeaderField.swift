/// One header field of a mail, as ranges into its bytes (RFC 5322, 2.2).
///
///     Subject: [Shop] ERROR: first line\r\n second line\r\n
///     |name  | |value, with its folds          |
package struct HeaderField: Sendable, Equatable {
  package let name: Range<Int>
  /// The text after the colon, without surrounding white space, folds included.
  package fileprivate(set) var value: Range<Int>
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
    var scanner = HeaderScanner()
    var index = range.lowerBound
    var (isStray, isTooLarge, endsInText) = (false, false, false)
    reading: while index < range.upperBound, !isTooLarge {
      let isFold = bytes[index] == 0x20 || bytes[index] == 0x09
      let end = isFold ? Swift.min(range.upperBound, range.lowerBound + limit + 1) : range.upperBound
      let line = scanner.line(bytes, at: index, before: end)
      switch line.kind {
      // The blank before the colon that only old mail has ends the block: Python keeps visitors from starting a field
      // in a Subject, but not with `Name :`. So nothing that a visitor wrote counts, and the mail is in doubt.
      case .field(let name, let colon) where name.upperBound == colon:
        fields.append(HeaderField(name: name, value: (colon + 1)..<line.text.upperBound))
      case .fold:
        if let last = fields.indices.last {
          fields[last].value = fields[last].value.lowerBound..<line.text.upperBound
        }
      case .stray: isStray = true
      case .end:
        index = line.next
        break reading
      case .field, .text:
        endsInText = !fields.isEmpty
        break reading
      }
      index = line.next
      isTooLarge = !fields.isEmpty && index - range.lowerBound > limit
    }
    // Only now: to trim a value at each of many blank folds would take quadratic time.
    for index in fields.indices { fields[index].value = bytes.trimmed(fields[index].value) }
    self.fields = fields
    // Stray lines without a field below them are text.
    bodyStart = isStray && fields.isEmpty ? range.lowerBound : index
    self.isTooLarge = isTooLarge
    self.endsInText = endsInText
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
