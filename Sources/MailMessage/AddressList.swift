/// The addresses of a `From:`, `To:` or `Return-Path:` field (RFC 5322 section 3.4), for telling streams of mail apart.
///
///     "Shop, the" <ops@shop.example>, dev@shop.example (Ann)
///
/// Never fails: text that is no address is left out or returned as it is.
package enum AddressList {
  /// The number of Unicode scalars that are read.
  private static let limit = 16_384

  /// Returns the addresses in a field.
  ///
  /// - Parameter value: the unfolded value of the field.
  package static func addresses(_ value: String) -> [EmailAddress] {
    var found: [String] = []
    var item = Item()
    for scalar in value.unicodeScalars.prefix(limit) {
      if scalar == ",", item.isOutside {
        item.address.map { found.append($0) }
        item = Item()
      } else {
        item.add(scalar)
      }
    }
    item.address.map { found.append($0) }
    return found.map { EmailAddress($0) }
  }

  /// A mailbox that is being read.
  private struct Item {
    private var plain = String.UnicodeScalarView()
    private var inBrackets: String.UnicodeScalarView?
    private var isQuoted = false
    private var isEscaped = false
    private var comments = 0
    private var isBracketOpen = false

    var isOutside: Bool { !isQuoted && comments == 0 && !isBracketOpen }

    mutating func add(_ scalar: Unicode.Scalar) {
      if isEscaped || (scalar == "\\" && (isQuoted || comments > 0)) {
        isEscaped = !isEscaped
        return
      }
      switch scalar {
      case "\"" where comments == 0: isQuoted.toggle()
      case "(" where !isQuoted: comments += 1
      case ")" where comments > 0: comments -= 1
      case "<" where isOutside: (inBrackets, isBracketOpen) = (.init(), true)
      case ">" where isBracketOpen: isBracketOpen = false
      default:
        if comments > 0 { return }
        if isBracketOpen { inBrackets?.append(scalar) } else { plain.append(scalar) }
      }
    }

    /// The address; nil if there is none, an empty text for `<>`.
    var address: String? {
      if let inBrackets { return Self.trimmed(inBrackets) }
      let text = Self.trimmed(plain)
      return text.contains("@") ? text : nil
    }

    private static func trimmed(_ text: String.UnicodeScalarView) -> String {
      String(String(text).split { $0 == " " || $0 == "\t" }.joined(separator: " "))
    }
  }
}
