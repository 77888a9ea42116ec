import MailMessage

/// The key of a logged message without an exception.
struct MessageKey {
  let records: Bool
  private(set) var applied: [AppliedRule] = []

  init(records: Bool) { self.records = records }

  static func family(_ family: Family) -> ErrorKey {
    var writer = KeyWriter(.family)
    writer.add(family.rawValue)
    writer.add([UInt8]())
    return ErrorKey(
      rule: .family, bytes: writer.bytes, family: FamilyMatch(family: family, subject: [], link: 0), frame: nil)
  }

  mutating func key(_ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?) -> ErrorKey? {
    var writer = KeyWriter(.message)
    var normalizer = TextNormalizer(isLogMessage: true, records: records)
    var normalized = normalizer.normalize(text, line)
    if let path = Self.requestPath(text, line) {
      // `Service Unavailable: /cart/`: the view is what fails, and its path is all that names it.
      normalized = FamilySubject.copy(text, line.lowerBound..<path.lowerBound)
      if let view {
        normalized += FamilySubject.copy(text, view)
      } else {
        normalized += Self.pathPattern(text, path)
      }
    } else {
      applied = normalizer.applied
    }
    guard normalized.contains(where: { $0.isLetter || $0 >= 0x80 }) else { return nil }
    writer.add(normalized)
    var variant = KeyWriter(.message)
    var plain = TextNormalizer()
    variant.add(plain.normalize(text, line))
    return ErrorKey(
      rule: .message, bytes: writer.bytes, family: nil, frame: nil, normalized: normalized, variant: variant.bytes)
  }

  /// The path in `Internal Server Error: /shop/cart/17/`, as `django.utils.log.log_response` writes it.
  static func requestPath(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Range<Int>? {
    guard let colon = text.firstIndex(of: ": /", in: line) else { return nil }
    for index in line.lowerBound..<colon where !text[index].isLetter && !text[index].isBlank { return nil }
    let path = text.trimmed((colon + 2)..<line.upperBound)
    return text.firstIndex(of: UInt8(ascii: " "), in: path) == nil ? path : nil
  }

  /// The path without its numbers: `/shop/cart/#/`.
  static func pathPattern(_ text: borrowing Span<UInt8>, _ path: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    var start = path.lowerBound
    for index in path.prefix(300) where text[index] == UInt8(ascii: "/") || index + 1 == path.upperBound {
      let isLast = text[index] != UInt8(ascii: "/")
      let segment = start..<(isLast ? index + 1 : index)
      switch WordShape(text, segment) {
      case .plain: output += FamilySubject.copy(text, segment)
      default: output.append(UInt8(ascii: "#"))
      }
      if !isLast { output.append(UInt8(ascii: "/")) }
      start = index + 1
    }
    return output
  }
}
