import SMTPProtocol
import Testing

/// Networks in CIDR notation, and which addresses belong to them.
struct IPNetworkTests {
  @Test(
    "a network contains the addresses that begin as it does",
    arguments: [
      ("127.0.0.0/8", "127.255.255.255", true), ("127.0.0.0/8", "128.0.0.0", false),
      ("10.0.0.0/9", "10.127.255.255", true), ("10.0.0.0/9", "10.128.0.0", false),
      ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7/32", "192.0.2.6", false), ("0.0.0.0/0", "203.0.113.9", true),
      ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("10.0.0.0/8", "::10.1.2.3", false), ("0.0.0.0/0", "::1", false),
      ("::1/128", "::1", true), ("::1", "::2", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
      ("2001:db8::/33", "2001:db8:8000::1", false), ("::/0", "2001:db8::1", true), ("::/0", "127.0.0.1", false),
    ])
  func contains(_ network: String, _ address: String, _ expected: Bool) throws {
    let network = try #require(IPNetwork(network))
    #expect(network.contains(try #require(IPAddress(address))) == expected)
  }

  @Test(
    "share an address",
    arguments: [
      ("10.0.0.0/8", "10.1.0.0/16", true), ("10.1.0.0/16", "10.2.0.0/16", false), ("10.0.0.0/8", "10.0.0.0/8", true),
      ("::/0", "10.0.0.0/8", false), ("::1", "::/64", true), ("127.0.0.1", "127.0.0.0/8", true),
    ])
  func overlaps(_ one: String, _ other: String, _ expected: Bool) throws {
    let (one, other) = (try #require(IPNetwork(one)), try #require(IPNetwork(other)))
    #expect(one.overlaps(other) == expected && other.overlaps(one) == expected)
  }

  @Test(
    "holds strangers, whoever owns it",
    arguments: [
      ("0.0.0.0/0", true), ("0.0.0.0/7", true), ("10.0.0.0/8", false), ("192.0.2.1", false), ("::/0", true),
      ("2000::/3", true), ("2000::/15", true), ("2001::/16", false), ("fc00::/7", false), ("fd00::/8", false),
      ("fc00::/6", true), ("fe00::/7", true), ("::1", false),
    ])
  func isMuchOfTheInternet(_ network: String, _ expected: Bool) throws {
    #expect(try #require(IPNetwork(network)).isMuchOfTheInternet == expected)
  }

  @Test(
    "is no network",
    arguments: [
      "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.1/8", "10/8",
      "10.0.0.0/0x8", "2001:db8::/129", "2001:db8::1/64", "example.org/8", "10.0.0.0 /8", "010.0.0.0/8",
    ])
  func malformed(_ text: String) { #expect(IPNetwork(text) == nil) }

  @Test(
    "is written as RFC 5952 writes it, and read back",
    arguments: [
      ("10.0.0.0/8", "10.0.0.0/8"), ("192.0.2.7", "192.0.2.7/32"), ("::1", "::1/128"), ("::/0", "::/0"),
      ("2001:DB8:0:0:1:0:0:0", "2001:db8:0:0:1::/128"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128"),
      ("2001:0:0:1:0:0:1:1", "2001::1:0:0:1:1/128"), ("fe80::", "fe80::/128"),
    ])
  func description(_ text: String, _ shown: String) throws {
    let network = try #require(IPNetwork(text))
    #expect(network.description == shown && IPNetwork(shown) == network)
  }
}
