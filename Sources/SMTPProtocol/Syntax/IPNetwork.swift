/// The addresses that share their first bits, in CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3):
/// `10.0.0.0/8`, `2001:db8::/32`; a single address is a network of one.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
  package let address: IPAddress
  /// The number of significant bits, up to 32 or 128.
  package let length: Int

  /// Parses a network. Returns nil for an invalid one and for one with bits set beyond its length: `10.0.0.1/8` is more
  /// likely a slip than all of `10.0.0.0/8`.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
    let width = address.octets.count * 8
    guard parts.count <= 2, let length = parts.count == 2 ? Self.number(parts[1]) : width, length <= width else {
      return nil
    }
    self.init(address, length)
    guard address.octets == Self.masked(address.octets, length) else { return nil }
  }

  private init(_ address: IPAddress, _ length: Int) {
    self.address = address
    self.length = length
  }

  /// True if the address belongs to the network. An IPv4 address mapped into IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
  package func contains(_ other: IPAddress) -> Bool {
    let other = other.unmapped.octets
    let own = address.octets
    return other.count == own.count && Self.masked(other, length) == own
  }

  /// True if some address belongs to both networks.
  package func overlaps(_ other: IPNetwork) -> Bool {
    length <= other.length ? contains(other.address) : other.contains(address)
  }

  /// True if the network is larger than that of any single owner: a prefix shorter than /8 of IPv4 or /16 of IPv6. The
  /// private addresses of RFC 4193 do not count.
  package var isMuchOfTheInternet: Bool {
    switch address {
    case .v4: length < 8
    case .v6(let groups): length < 16 && !(length >= 7 && (groups.first ?? 0) >> 9 == 0x7E)
    }
  }

  /// True if only this machine is in the network.
  package var isLoopback: Bool {
    switch address {
    case .v4(let octets): octets.first == 127 && length >= 8
    case .v6: address.isLoopback && length == 128
    }
  }

  package var description: String { "\(address)/\(length)" }

  private static func number(_ text: Substring) -> Int? {
    guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }

  private static func masked(_ octets: [UInt8], _ length: Int) -> [UInt8] {
    octets.enumerated().map { index, octet in
      let kept = min(8, max(0, length - index * 8))
      return octet & ~UInt8(truncatingIfNeeded: 0xFF >> kept)
    }
  }
}

extension IPAddress {
  /// The four or sixteen octets, in network order.
  package var octets: [UInt8] {
    switch self {
    case .v4(let octets): octets
    case .v6(let groups): groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    }
  }

  /// Creates an address from four or sixteen octets in network order, or returns nil for another number.
  package init?(octets: some Collection<UInt8>) {
    let octets = Array(octets)
    switch octets.count {
    case 4: self = .v4(octets)
    case 16: self = .v6(stride(from: 0, to: 16, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) })
    default: return nil
    }
  }

  /// The IPv4 address if this is one mapped into IPv6 (`::ffff:10.0.0.1`), or else the address itself.
  package var unmapped: IPAddress {
    guard case .v6(let groups) = self, groups.prefix(6) == [0, 0, 0, 0, 0, 0xFFFF] else { return self }
    return .v4([UInt8(groups[6] >> 8), UInt8(groups[6] & 0xFF), UInt8(groups[7] >> 8), UInt8(groups[7] & 0xFF)])
  }
}

extension IPAddress: CustomStringConvertible {
  /// The address in the form of RFC 5952, with the longest run of zero groups as `::`.
  package var description: String {
    switch self {
    case .v4(let octets): Self.text(octets)
    case .v6(let groups): Self.text(groups)
    }
  }

  private static func text(_ octets: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(15)
    for octet in octets {
      if !text.isEmpty { text.append(UInt8(ascii: ".")) }
      text.append(number: Int(octet))
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func text(_ groups: [UInt16]) -> String {
    let words = groups.map { String($0, radix: 16) }
    var best = 0..<0
    var start = 0
    while start < groups.count {
      let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
      // Sections 4.2.2 and 4.2.3: not for a single group, and the first of equal runs.
      if end - start > max(1, best.count) { best = start..<end }
      start = max(end, start) + 1
    }
    guard !best.isEmpty else { return words.joined(separator: ":") }
    return words[..<best.lowerBound].joined(separator: ":") + "::" + words[best.upperBound...].joined(separator: ":")
  }
}
