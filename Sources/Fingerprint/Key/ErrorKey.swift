import MailMessage

/// The rule that decided what a fingerprint is made of.
package enum KeyRule: String, Sendable, CaseIterable, Codable {
  /// A root cause that shows everywhere; see `Family`.
  case family
  /// The type and the innermost application frame, with the frames of the explicit causes.
  case place
  /// The parts of `place`, and the text: one line of code fails in a database, or renders a template, for different
  /// reasons.
  case placeAndText = "place-and-text"
  /// An error raised by a template: type, template or the line that renders it, and text.
  case template
  /// A SyntaxError or one of its children: type and file.
  case syntax
  /// A RecursionError: the frames of the cycle.
  case recursion
  /// An exception group: the distinct children.
  case group
  /// An error without an application frame: type, innermost library module, text.
  case library
  /// A message that was logged without an exception.
  case message
  /// A mail that repeats but is no error: its kind and its Subject (`NoticeKind`).
  case notice
  /// The parts that a rule of the admin names.
  case admin = "rule"
}

/// The parts of a fingerprint in readable form: the bytes are text, one field on each line.
struct ErrorKey: Sendable, Equatable {
  var rule: KeyRule
  /// The digested text.
  var bytes: [UInt8]
  var family: FamilyMatch?
  /// The index of the deciding frame in `Traceback.frames`, or nil if none decided.
  var frame: Int?
  /// The normalised text that is part of the key or of the variant.
  var normalized: [UInt8] = []
  /// The code path or text that tells variants of the error apart. Empty for families, except those with an `asker`.
  var variant: [UInt8] = []
  /// True if the error stands in a logged message, of which any part may be a visitor's, including type and frames.
  var isLogged = false
}

/// Writes the fields of a key, one on each line.
struct KeyWriter {
  private(set) var bytes: [UInt8] = []

  init(_ rule: KeyRule) {
    bytes.reserveCapacity(256)
    add(rule.rawValue)
  }

  mutating func add(_ field: String) { add(Array(field.utf8)) }

  mutating func add(_ field: [UInt8]) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
    bytes += field
  }

  mutating func add(_ text: borrowing Span<UInt8>, _ range: Range<Int>) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
    append(text, range)
  }

  /// Appends text to the last field. White space collapses and slashes turn forward if it is a path, so that
  /// indentation and Windows paths make no difference.
  mutating func append(_ text: borrowing Span<UInt8>, _ range: Range<Int>, isPath: Bool = false, limit: Int = 400) {
    for index in range.prefix(limit) {
      let byte = text[index]
      if byte.isBlank {
        if bytes.last != 0x20 { bytes.append(0x20) }
      } else {
        bytes.append(isPath && byte == UInt8(ascii: "\\") ? UInt8(ascii: "/") : byte)
      }
    }
  }

  /// Adds the module, function and code of a frame, without a line number or an absolute path.
  mutating func addFrame(
    _ text: borrowing Span<UInt8>, module: Range<Int>, function: Range<Int>, source: Range<Int>, algorithm: Algorithm
  ) {
    bytes.append(UInt8(ascii: "\n"))
    append(text, module, isPath: true)
    bytes.append(UInt8(ascii: "|"))
    append(text, function)
    bytes.append(UInt8(ascii: "|"))
    if algorithm.ignoresCodeStyle { appendCode(text, source, limit: 200) } else { append(text, source, limit: 200) }
  }

  /// Appends code regardless of its style: blanks only where they keep two words apart, double quotes, no comma before
  /// a closing bracket.
  private mutating func appendCode(_ text: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) {
    let start = bytes.count
    for index in range {
      guard bytes.count - start < limit else { return }
      let byte = text[index]
      if byte.isBlank { continue }
      if index > range.lowerBound, text[index - 1].isBlank, byte.isNameByte, bytes.last?.isNameByte == true {
        bytes.append(0x20)
      }
      let closes = byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
      if closes, bytes.count > start, bytes.last == UInt8(ascii: ",") { bytes.removeLast() }
      bytes.append(byte == UInt8(ascii: "'") ? UInt8(ascii: "\"") : byte)
    }
  }
}
