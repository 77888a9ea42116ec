/// The facts about the line ends of some octets, found in one pass, sixteen octets at a time. Nearly all mail has only
/// CRLF and no dots to stuff, and need not be processed line by line.
package struct LineEnds {
  /// True if each CR is followed by an LF and each LF follows a CR. An LF that comes first and a CR that comes last are
  /// not checked.
  package let arePaired: Bool
  /// True if a dot follows an LF.
  package let precedeDots: Bool
  /// True if there is an LF, not counting one that comes first.
  package let exist: Bool

  package init(_ bytes: UnsafeRawBufferPointer) {
    self.init(Seen(bytes))
  }

  private init(_ seen: Seen) {
    arePaired = !any(seen.unpaired)
    precedeDots = any(seen.dots)
    exist = any(seen.lineFeeds)
  }

  private typealias Octets = SIMD16<UInt8>

  private struct Seen {
    var unpaired = SIMDMask<SIMD16<Int8>>(repeating: false)
    var dots = SIMDMask<SIMD16<Int8>>(repeating: false)
    var lineFeeds = SIMDMask<SIMD16<Int8>>(repeating: false)

    init(_ bytes: UnsafeRawBufferPointer) {
      guard let base = bytes.baseAddress, bytes.count > 1 else { return }
      // Each octet except the last is examined together with the next one.
      let last = bytes.count - 1
      var index = 0
      while index + 16 <= last {
        take(
          (base + index).loadUnaligned(as: Octets.self), before: (base + index + 1).loadUnaligned(as: Octets.self))
        index += 16
      }
      while index < last {
        take(Octets(bytes[index], 0), before: Octets(bytes[index + 1], 0))
        index += 1
      }
    }

    @inline(__always)
    private mutating func take(_ octets: Octets, before next: Octets) {
      let endsLine = next .== Octets(repeating: 0x0A)
      unpaired .|= (octets .== Octets(repeating: 0x0D)) .^ endsLine
      dots .|= (octets .== Octets(repeating: 0x0A)) .& (next .== Octets(repeating: UInt8(ascii: ".")))
      lineFeeds .|= endsLine
    }
  }
}

extension SIMD16<UInt8> {
  fileprivate init(_ first: UInt8, _ rest: UInt8) {
    self.init(repeating: rest)
    self[0] = first
  }
}
