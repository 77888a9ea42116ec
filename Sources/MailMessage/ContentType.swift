/// The Content-Type field of a part, as far as it is needed to read the text (RFC 2045, 5.1).
package struct ContentType: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case plainText, html, otherText
    case alternative, mixed, report, signed, encrypted, otherMultipart
    /// Another mail: `message/rfc822` and its relatives.
    case message
    /// An invitation, or the answer to one (RFC 6047): `text/calendar` or `application/ics`.
    case calendar
    case other
  }

  package var kind = Kind.plainText
  /// The boundary, unfolded and decoded; nil if there is none.
  package var boundary: [UInt8]?
  package var charset: Range<Int>?
  /// True for `format=flowed`: written in a mail program, by a human (RFC 3676).
  package var isFlowed = false

  var isMultipart: Bool {
    switch kind {
    case .alternative, .mixed, .report, .signed, .encrypted, .otherMultipart: true
    case .plainText, .html, .otherText, .message, .calendar, .other: false
    }
  }

  /// The type of a part without the field: plain text in US-ASCII (RFC 2045, 5.2).
  package static let missing = ContentType()

  package init() {}

  package init(_ bytes: borrowing Span<UInt8>, value: Range<Int>) {
    let semicolon = bytes.firstIndex(of: UInt8(ascii: ";"), in: value) ?? value.upperBound
    kind = ContentType.kind(bytes, bytes.trimmed(value.lowerBound..<semicolon))
    var index = semicolon
    var boundary = SplitParameter("boundary")
    while index < value.upperBound {
      index = readParameter(bytes, from: index + 1, end: value.upperBound, &boundary)
    }
    self.boundary = boundary.value
  }

  private static func kind(_ bytes: borrowing Span<UInt8>, _ name: Range<Int>) -> Kind {
    let at = name.lowerBound
    let end = name.upperBound
    if bytes.equalsIgnoringCase(name, "text/plain") || name.isEmpty { return .plainText }
    if bytes.equalsIgnoringCase(name, "text/html") { return .html }
    if bytes.equalsIgnoringCase(name, "multipart/alternative") { return .alternative }
    if bytes.equalsIgnoringCase(name, "multipart/mixed") { return .mixed }
    if bytes.equalsIgnoringCase(name, "multipart/report") { return .report }
    if bytes.equalsIgnoringCase(name, "multipart/signed") { return .signed }
    if bytes.equalsIgnoringCase(name, "multipart/encrypted") { return .encrypted }
    if bytes.hasIgnoringCase("multipart/", at: at, before: end) { return .otherMultipart }
    if bytes.hasIgnoringCase("message/", at: at, before: end) { return .message }
    if bytes.equalsIgnoringCase(name, "text/calendar") || bytes.equalsIgnoringCase(name, "application/ics") {
      return .calendar
    }
    if bytes.hasIgnoringCase("text/", at: at, before: end) { return .otherText }
    return .other
  }

  /// Reads `name=value` or `name="value"` after a semicolon; returns the position of the next semicolon.
  private mutating func readParameter(
    _ bytes: borrowing Span<UInt8>, from start: Int, end: Int, _ boundary: inout SplitParameter
  ) -> Int {
    guard start < end else { return end }
    var index = start
    while index < end, bytes[index] != UInt8(ascii: "="), bytes[index] != UInt8(ascii: ";") { index += 1 }
    guard index < end, bytes[index] == UInt8(ascii: "=") else { return index }
    let name = bytes.trimmed(start..<index)
    index += 1
    while index < end, bytes[index].isBlank { index += 1 }
    var value = index..<index
    if index < end, bytes[index] == UInt8(ascii: "\"") {
      let close = bytes.closingQuote(from: index + 1, end: end)
      value = (index + 1)..<close
      index = bytes.firstIndex(of: UInt8(ascii: ";"), in: Swift.min(close, end)..<end) ?? end
    } else {
      let stop = bytes.firstIndex(of: UInt8(ascii: ";"), in: index..<end) ?? end
      value = bytes.trimmed(index..<stop)
      index = stop
    }
    keep(bytes, name: name, value: value, &boundary)
    return index
  }

  private mutating func keep(
    _ bytes: borrowing Span<UInt8>, name: Range<Int>, value: Range<Int>, _ boundary: inout SplitParameter
  ) {
    if bytes.hasIgnoringCase("boundary", at: name.lowerBound, before: name.upperBound) {
      boundary.take(bytes, name: name, value: value)
    } else if bytes.equalsIgnoringCase(name, "charset") {
      charset = charset ?? value
    } else if bytes.equalsIgnoringCase(name, "format") {
      isFlowed = bytes.equalsIgnoringCase(value, "flowed")
    }
  }
}

extension Span where Element == UInt8 {
  /// Returns the position of the quote that ends a quoted string, or `end`. A backslash quotes the octet after it.
  fileprivate func closingQuote(from start: Int, end: Int) -> Int {
    var index = start
    while index < end, self[index] != UInt8(ascii: "\"") { index += self[index] == UInt8(ascii: "\\") ? 2 : 1 }
    return Swift.min(index, end)
  }
}
