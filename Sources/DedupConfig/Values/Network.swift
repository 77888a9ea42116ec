import SMTPProtocol

extension ValueFormat<IPNetwork> {
  /// The format of networks in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`.
  static let network = ValueFormat(
    syntax: "a network", range: nil,
    read: { (text) throws(ValueProblem) in
      if let network = IPNetwork(text) { return network }
      guard let address = text.split(separator: "/").first.flatMap({ IPAddress(String($0)) }) else {
        throw ValueProblem(
          item: text, what: "is not a network", remedy: "write address/length", example: .this("10.0.0.0/24"))
      }
      throw ValueProblem(
        item: text, what: "has no valid length, or bits set behind it",
        remedy: "write the first address of the network and how many bits it has in common, or an address alone",
        example: .this(address.octets.count == 4 ? "10.0.0.0/24" : "2001:db8::/32"))
    },
    write: { $0.description })
}
