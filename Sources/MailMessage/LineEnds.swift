/// What one look over octets tells of their line ends: a loop without branches, of which the compiler makes many octets
/// at a time. Nearly all mail has nothing else than CRLF and no dots to stuff, and need not be looked at line by line.
package struct LineEnds {
  /// Each CR has an LF behind it and each LF a CR before it. Of an LF that comes first and of a CR that comes last
  /// nothing is said.
  package let arePaired: Bool
  /// A dot stands behind an LF.
  package let precedeDots: Bool
  /// There is an LF, not counting one that comes first.
  package let exist: Bool

  package init(_ bytes: UnsafeRawBufferPointer) {
    var unpaired: UInt8 = 0
    var dots: UInt8 = 0
    var lineFeeds: UInt8 = 0
    let octets = bytes.assumingMemoryBound(to: UInt8.self)
    if let base = octets.baseAddress, !octets.isEmpty {
      for index in 0..<(octets.count - 1) {
        let octet = base[index]
        let next = base[index + 1]
        let endsLine: UInt8 = next == 0x0A ? 1 : 0
        unpaired |= (octet == 0x0D ? 1 : 0) ^ endsLine
        dots |= (octet == 0x0A ? 1 : 0) & (next == UInt8(ascii: ".") ? 1 : 0)
        lineFeeds |= endsLine
      }
    }
    arePaired = unpaired == 0
    precedeDots = dots != 0
    exist = lineFeeds != 0
  }
}
