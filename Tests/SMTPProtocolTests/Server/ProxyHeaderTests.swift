import MailTestKit
import SMTPProtocol
import Testing

/// What a proxy may say in front of a connection, and what it may not.
struct ProxyHeaderTests {
  private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A] + Array("QUIT\n".utf8)
  /// 192.0.2.1 to 198.51.100.1, ports 56324 and 25.
  private static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0, 25]
  /// 2001:db8::1 to 2001:db8::2.
  private static let ipv6: [UInt8] =
    [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1, 0x20, 1, 0xD, 0xB8]
    + [UInt8](repeating: 0, count: 11) + [2, 0xDC, 0x04, 0, 25]
  /// ::ffff:192.0.2.1 to itself.
  private static let mapped: [UInt8] = {
    let address = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]
    return address + address + [0, 1, 0, 25]
  }()
  private static let unix = [UInt8](repeating: 0x2F, count: 216)
  /// A TLV of 3 + 200 octets (section 2.2.1): PP2_TYPE_AUTHORITY.
  private static let extra: [UInt8] = [0x02, 0, 200] + [UInt8](repeating: 0x61, count: 200)

  struct Row: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let octets: [UInt8]
    let outcome: Outcome

    enum Outcome: Sendable {
      case client(String)
      case proxy
      case unfit(ProxyHeader.Fault)
    }

    init(_ what: String, _ command: UInt8, _ family: UInt8, _ rest: [UInt8], _ outcome: Outcome) {
      testDescription = what
      let length: [UInt8] = [UInt8(rest.count >> 8), UInt8(rest.count & 0xFF)]
      octets = ProxyHeaderTests.signature + [command, family] + length + rest
      self.outcome = outcome
    }

    init(_ what: String, raw octets: [UInt8], _ fault: ProxyHeader.Fault) {
      (testDescription, self.octets, outcome) = (what, octets, .unfit(fault))
    }

    var expected: ProxyHeader? {
      switch outcome {
      case .client(let text): IPAddress(text).map { .complete(.client($0), length: octets.count) }
      case .proxy: .complete(.proxy, length: octets.count)
      case .unfit(let fault): .unfit(fault)
      }
    }
  }

  static let rows = [
    Row("TCP over IPv4", 0x21, 0x11, ipv4, .client("192.0.2.1")),
    Row("TCP over IPv6", 0x21, 0x21, ipv6, .client("2001:db8::1")),
    Row("an IPv4 client of an IPv6 listener is one of IPv4", 0x21, 0x21, mapped, .client("192.0.2.1")),
    Row("extras are skipped", 0x21, 0x11, ipv4 + extra, .client("192.0.2.1")),
    Row("what stands behind the addresses need not be extras", 0x21, 0x11, ipv4 + [9], .client("192.0.2.1")),
    Row("the longest", 0x21, 0x11, ipv4 + [UInt8](repeating: 7, count: 4068), .client("192.0.2.1")),
    Row("a health check", 0x20, 0x00, [], .proxy),
    Row("a health check whose addresses mean nothing", 0x20, 0x11, ipv4, .proxy),
    Row("a health check of no family that there is, with extras", 0x20, 0xFF, extra, .proxy),
    Row("a client of whom nothing is known", 0x21, 0x00, [], .unfit(.noAddress)),
    Row("the same with addresses, which are to be ignored", 0x21, 0x00, ipv4, .unfit(.noAddress)),
    Row("a client of a Unix socket of the proxy", 0x21, 0x31, unix, .unfit(.noAddress)),
    Row("a datagram of a Unix socket", 0x21, 0x32, unix, .unfit(.noAddress)),
    Row("UDP over IPv4", 0x21, 0x12, ipv4, .unfit(.otherFamily)),
    Row("UDP over IPv6", 0x21, 0x22, ipv6, .unfit(.otherFamily)),
    Row("IPv4 without transport", 0x21, 0x10, ipv4, .unfit(.otherFamily)),
    Row("a family that there is not", 0x21, 0x41, ipv4, .unfit(.otherFamily)),
    Row("IPv4 addresses that are cut", 0x21, 0x11, ipv4.dropLast(), .unfit(.tooShort)),
    Row("IPv6 addresses that are cut", 0x21, 0x21, ipv6.dropLast(), .unfit(.tooShort)),
    Row("IPv4 addresses for IPv6", 0x21, 0x21, ipv4, .unfit(.tooShort)),
    Row("no addresses", 0x21, 0x11, [], .unfit(.tooShort)),
    Row("a command that there is not", 0x22, 0x11, ipv4, .unfit(.otherCommand)),
    Row("version 1 in the dress of 2", 0x11, 0x11, ipv4, .unfit(.otherVersion)),
    Row("version 3", 0x31, 0x11, ipv4, .unfit(.otherVersion)),
    Row("an octet more than the longest", raw: signature + [0x21, 0x11, 0x0F, 0xF1], .tooLong),
    Row("64 KiB announced", raw: signature + [0x21, 0x11, 0xFF, 0xFF], .tooLong),
    Row("a health check of 64 KiB", raw: signature + [0x20, 0x00, 0xFF, 0xFF], .tooLong),
    Row("version 1", raw: Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\n".utf8), .versionOne),
    Row("version 1 of an unknown client", raw: Array("PROXY UNKNOWN\r\n".utf8), .versionOne),
    Row("SMTP", raw: Array("EHLO example.org\r\n".utf8), .missing),
    Row("nearly version 1", raw: Array("PROXIES\r\n".utf8), .missing),
    Row("TLS", raw: [0x16, 3, 1, 0, 200, 1], .missing),
    Row("a signature with a fault at its end", raw: signature.dropLast() + [0x0D], .missing),
    Row("an empty line of SMTP", raw: [0x0D, 0x0A, 0x45], .missing),
  ]

  @Test(
    "octet by octet nothing is known until all of it is there; once known, it stays so",
    arguments: rows)
  func isRead(_ row: Row) throws {
    let expected = try #require(row.expected)
    #expect(ProxyHeader.read(row.octets) == expected)
    let answers = (0...row.octets.count).map { ProxyHeader.read(row.octets.prefix($0)) }
    #expect(answers.drop { $0 == .incomplete }.allSatisfy { $0 == expected })
    if case .complete = expected { #expect(answers.count { $0 == .incomplete } == row.octets.count) }
  }

  @Test(
    "what follows is not looked at, be it a second header: it is the client's",
    arguments: rows, [Array("EHLO x\r\n".utf8), [0x16, 3, 1], rows[0].octets])
  func leavesTheRest(_ row: Row, _ rest: [UInt8]) { #expect(ProxyHeader.read(row.octets + rest) == row.expected) }

  @Test("a slice does not begin at index 0")
  func readsSlices() {
    let row = Self.rows[0]
    #expect(ProxyHeader.read(([1, 2, 3] + row.octets).dropFirst(3)) == row.expected)
  }

  @Test(
    "no octets make it trap, and a complete header is never longer than what is there",
    arguments: 1...20)
  func survivesNoise(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    func next() -> UInt8 { .random(in: 0...255, using: &random) }
    for _ in 0..<200 {
      let octets =
        Self.signature + [0x20 | next() & 3, next() & 0x33, 0, next() & 63] + (0..<next() & 63).map { _ in next() }
      if case .complete(_, let length) = ProxyHeader.read(octets) { #expect(length <= octets.count) }
    }
  }
}
