/// One line of the file in Unicode scalars, so that an index is a column.
struct SourceLine {
  let scalars: [Unicode.Scalar]
  let file: String
  let number: Int

  func position(_ index: Int) -> SourcePosition { SourcePosition(file: file, line: number, column: index + 1) }

  /// Returns the text of `range` without the blanks around it, with the position of its first character.
  func trimmed(_ range: Range<Int>) -> Located {
    let range = trimmedRange(range)
    return Located(text: text(range), position: position(range.lowerBound))
  }

  func trimmedRange(_ range: Range<Int>) -> Range<Int> {
    var range = range
    while let first = range.first, scalars[first].isBlank { range = first + 1..<range.upperBound }
    while let last = range.last, scalars[last].isBlank { range = range.lowerBound..<last }
    return range
  }

  func text(_ range: Range<Int>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars[range])
    return String(text)
  }
}

extension Unicode.Scalar {
  /// True for space and tab, the only characters that are ignored around a key or a value.
  var isBlank: Bool { self == " " || self == "\t" }
}

/// The reason why the bytes of a line are not text, and the index of the character before which they fail.
struct NotText: Error {
  var index: Int
  var message: String
}

/// Decodes one line; refuses bytes that are not UTF-8, and all control characters except the tab.
func decodeLine(_ bytes: some Collection<UInt8>) throws(NotText) -> [Unicode.Scalar] {
  var scalars: [Unicode.Scalar] = []
  scalars.reserveCapacity(bytes.count)
  var iterator = bytes.makeIterator()
  var parser = Unicode.UTF8.ForwardParser()
  while true {
    switch parser.parseScalar(from: &iterator) {
    case .valid(let encoded):
      let scalar = Unicode.UTF8.decode(encoded)
      if scalar != "\t", scalar.properties.generalCategory == .control {
        throw NotText(index: scalars.count, message: "control character \(scalar.codePoint); remove it")
      }
      scalars.append(scalar)
    case .error:
      throw NotText(index: scalars.count, message: "this is not UTF-8; save the file in UTF-8")
    case .emptyInput:
      return scalars
    }
  }
}

extension Unicode.Scalar {
  /// The code point, e.g. `U+000D`.
  fileprivate var codePoint: String {
    let digits = String(value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
