/// An IP address without port and zone.
package enum IPAddress: Hashable, Sendable {
  /// The four octets of an IPv4 address.
  case v4([UInt8])
  /// The eight 16-bit groups of an IPv6 address.
  case v6([UInt16])

  /// Parses `127.0.0.1` and the forms of RFC 4291 section 2.2: `::1`, `2001:db8::7`, `::ffff:10.0.0.1`. Returns nil for
  /// anything else; leading zeros in IPv4 are refused because some programs read them as octal.
  package init?(_ text: String) {
    if let octets = parseIPv4(Substring(text)) {
      self = .v4(octets)
    } else if let groups = parseIPv6(text) {
      self = .v6(groups)
    } else {
      return nil
    }
  }

  /// True if only this machine can reach the address: 127.0.0.0/8, `::1`, and the former mapped into IPv6.
  package var isLoopback: Bool {
    switch self {
    case .v4(let octets): octets.first == 127
    case .v6(let groups):
      groups == [0, 0, 0, 0, 0, 0, 0, 1] || (groups.prefix(6) == [0, 0, 0, 0, 0, 0xFFFF] && groups[6] >> 8 == 127)
    }
  }
}

private func parseIPv4(_ text: Substring) -> [UInt8]? {
  let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  guard parts.count == 4 else { return nil }
  var octets: [UInt8] = []
  for part in parts {
    guard (1...3).contains(part.count), part.allSatisfy(\.isDigit), part.count == 1 || part.first != UInt8(ascii: "0"),
      let octet = UInt8(Substring(part))
    else { return nil }
    octets.append(octet)
  }
  return octets
}

private func parseIPv6(_ text: String) -> [UInt16]? {
  // No address is longer; this also keeps a million ":" from costing anything.
  guard text.utf8.count <= 45 else { return nil }
  guard let gap = firstGap(text) else {
    guard let groups = parseGroups(text[...]), groups.count == 8 else { return nil }
    return groups
  }
  guard let head = parseGroups(text[..<gap.lowerBound]), let tail = parseGroups(text[gap.upperBound...]),
    head.count + tail.count <= 7, !text[..<gap.lowerBound].contains(".")
  else { return nil }
  return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
}

/// Returns the position of the first `::`, or nil if there is none.
private func firstGap(_ text: String) -> Range<String.Index>? {
  let octets = text.utf8
  return octets.indices.dropLast().lazy
    .map { $0..<octets.index($0, offsetBy: 2) }
    .first { octets[$0].elementsEqual("::".utf8) }
}

/// Parses groups of up to four hexadecimal digits between colons; the last may be an IPv4 address. An empty text has
/// none.
private func parseGroups(_ text: Substring) -> [UInt16]? {
  guard !text.isEmpty else { return [] }
  var groups: [UInt16] = []
  let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
  for (index, part) in parts.enumerated() {
    if index == parts.count - 1, let octets = parseIPv4(Substring(part)) {
      groups.append(UInt16(octets[0]) << 8 | UInt16(octets[1]))
      groups.append(UInt16(octets[2]) << 8 | UInt16(octets[3]))
      continue
    }
    guard (1...4).contains(part.count), part.allSatisfy(\.isHexDigit), let group = UInt16(Substring(part), radix: 16)
    else { return nil }
    groups.append(group)
  }
  return groups
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  fileprivate var isHexDigit: Bool { isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20) }
}
