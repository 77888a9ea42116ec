/// A parameter of a header field that may be folded (RFC 5322 section 2.2.3), and may be encoded or split into several
/// parts (RFC 2231 sections 3 and 4): `name*0="a "; name*1*=%62`.
struct SplitParameter {
  /// The maximum number of parts read; a boundary has at most 70 octets (RFC 2046 section 5.1.1).
  private static let mostParts = 100

  private let name: StaticString
  private var whole: [UInt8]?
  private var encoded: [UInt8]?
  private var parts: [Int: [UInt8]] = [:]

  init(_ name: StaticString) { self.name = name }

  /// The value of the plain form, or else of the encoded or split form; nil if there is none.
  var value: [UInt8]? {
    if let said = whole ?? encoded { return said }
    guard var joined = parts[0] else { return nil }
    var next = 1
    while let part = parts[next] {
      joined += part
      next += 1
    }
    return joined
  }

  /// Takes one parameter of the field.
  ///
  /// - Parameters:
  ///   - parameter: its name, which begins with ours.
  ///   - value: its value, without the quotes around it.
  mutating func take(_ bytes: borrowing Span<UInt8>, name parameter: Range<Int>, value: Range<Int>) {
    var mark = parameter.lowerBound + name.utf8CodeUnitCount
    let plain = Self.unquoted(bytes, value)
    if mark == parameter.upperBound { return whole = whole ?? plain }
    guard bytes[mark] == UInt8(ascii: "*") else { return }
    mark += 1
    let isEncoded = mark == parameter.upperBound || bytes[parameter.upperBound - 1] == UInt8(ascii: "*")
    if mark == parameter.upperBound { return encoded = encoded ?? Self.decoded(plain, hasCharset: true) }
    let end = isEncoded ? parameter.upperBound - 1 : parameter.upperBound
    guard end - mark <= 3, let number = Int(bytes.text(mark..<end)), (0..<Self.mostParts).contains(number) else {
      return
    }
    parts[number] = parts[number] ?? (isEncoded ? Self.decoded(plain, hasCharset: number == 0) : plain)
  }

  /// Returns the value without folds, and without the backslashes of quoted pairs.
  private static func unquoted(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> [UInt8] {
    var octets: [UInt8] = []
    octets.reserveCapacity(value.count)
    var index = value.lowerBound
    while index < value.upperBound {
      if bytes[index] == UInt8(ascii: "\\"), index + 1 < value.upperBound { index += 1 }
      if bytes[index] != 0x0D, bytes[index] != 0x0A { octets.append(bytes[index]) }
      index += 1
    }
    return octets
  }

  /// Returns the value without the charset and language before the text, with `%` and two digits decoded.
  private static func decoded(_ value: [UInt8], hasCharset: Bool) -> [UInt8] {
    let fields = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    let text = hasCharset && fields.count == 3 ? fields[2] : value[...]
    var octets: [UInt8] = []
    var rest = text
    while let octet = rest.popFirst() {
      if octet == UInt8(ascii: "%"), let high = rest.first?.hexValue, let low = rest.dropFirst().first?.hexValue {
        octets.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        octets.append(octet)
      }
    }
    return octets
  }
}
