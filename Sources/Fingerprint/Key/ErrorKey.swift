import MailMessage

/// The rule that decided what a fingerprint is made of.
package enum KeyRule: String, Sendable, CaseIterable, Codable {
  /// A root cause that shows everywhere; see `Family`.
  case family
  /// Type and innermost application frame, and those of the explicit causes.
  case place
  /// The same, and the text: one line of code fails in a database, or renders a template, for different reasons.
  case placeAndText = "place-and-text"
  /// Raised by a template: type, template or the line that renders it, and text.
  case template
  /// SyntaxError and its children: type and file.
  case syntax
  /// RecursionError: the frames of the cycle.
  case recursion
  /// Exception group: the distinct children.
  case group
  /// No application frame: type, innermost library module, text.
  case library
  /// Nothing was raised: the message that was logged.
  case message
  /// No error at all, but mail that repeats: its kind and its Subject (`NoticeKind`).
  case notice
  /// What a rule of the admin says.
  case admin = "rule"
}

/// What a fingerprint is made of, in readable form: the bytes are text, one field a line.
struct ErrorKey: Sendable, Equatable {
  var rule: KeyRule
  /// The digested text.
  var bytes: [UInt8]
  var family: FamilyMatch?
  /// The frame that decided, in `Traceback.frames`.
  var frame: Int?
  /// The normalised text that is part of the key or of the variant.
  var normalized: [UInt8] = []
  /// Other code path or text inside of the group; empty for families.
  var variant: [UInt8] = []
  /// It stands in a logged message, of which any part may be a visitor's: type and frames as well.
  var isLogged = false
}

/// Writes the fields of a key, one on a line.
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

  /// White space collapses and slashes turn forward, so that indentation and Windows paths read like others.
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

  /// Module, function and code of a frame; no line number, no absolute path.
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

  /// Code whatever its style: blanks only where they keep two words apart, double quotes, no comma before a closing
  /// bracket.
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
