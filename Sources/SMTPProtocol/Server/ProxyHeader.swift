/// The header that a proxy sends ahead of a connection to name its client, in version 2 of the PROXY protocol. The
/// specification is `proxy-protocol.txt` of HAProxy; section numbers refer to it.
///
/// `read` starts at the first octet each time more octets arrive; the result does not depend on how they were cut.
/// Limit: `longest` octets including all extensions, which are skipped.
package enum ProxyHeader: Hashable, Sendable {
  /// The header takes `length` octets. The octets after it are the client's.
  case complete(Source, length: Int)
  case incomplete
  /// The header is missing or broken: the client is unknown.
  case unfit(Fault)

  package enum Source: Hashable, Sendable {
    /// The proxy speaks for itself (`LOCAL`), e.g. for a health check.
    case proxy
    case client(IPAddress)
  }

  package enum Fault: String, Hashable, Sendable, CaseIterable {
    case missing = "no-proxy-header"
    case versionOne = "proxy-version-1"
    case otherVersion = "proxy-version"
    case otherCommand = "proxy-command"
    /// The protocol family does not exist or is not a stream.
    case otherFamily = "proxy-family"
    /// The client has no IP address (`AF_UNSPEC`, `AF_UNIX`).
    case noAddress = "proxy-without-address"
    /// The header is too short for the addresses that it announces.
    case tooShort = "proxy-header-too-short"
    case tooLong = "proxy-header-too-long"
  }

  /// The limit of a header in octets. The specification allows 64 KiB; with every extension that HAProxy and cloud load
  /// balancers know, a header has some hundred.
  package static let longest = 4096

  private static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]
  /// The octets of signature, version and command, family and protocol, and length.
  private static let fixed = 16

  package static func read(_ octets: some RandomAccessCollection<UInt8>) -> ProxyHeader {
    if octets.starts(with: signature.prefix(octets.count)) {
      return octets.count < fixed ? .incomplete : read(Array(octets.prefix(fixed)), octets.dropFirst(fixed))
    }
    let old = Array("PROXY ".utf8)
    guard octets.starts(with: old.prefix(octets.count)) else { return .unfit(.missing) }
    return octets.count < old.count ? .incomplete : .unfit(.versionOne)
  }

  /// Reads a header whose fixed part is complete (section 2.2).
  private static func read(_ head: [UInt8], _ rest: some RandomAccessCollection<UInt8>) -> ProxyHeader {
    let size = Int(head[14]) << 8 | Int(head[15])
    guard head[12] >> 4 == 2 else { return .unfit(.otherVersion) }
    guard head[12] & 0xF <= 1 else { return .unfit(.otherCommand) }
    guard fixed + size <= longest else { return .unfit(.tooLong) }
    guard rest.count >= size else { return .incomplete }
    // LOCAL: any addresses in the header are to be discarded, and the family with them.
    if head[12] & 0xF == 0 { return .complete(.proxy, length: fixed + size) }
    switch source(head[13], rest.prefix(size)) {
    case .success(let address): return .complete(.client(address), length: fixed + size)
    case .failure(let fault): return .unfit(fault)
    }
  }

  /// Reads the source address; the addresses are source, destination and two ports. The specification lets us refuse a
  /// client without an IP address; using the proxy's address instead would give any client the proxy's rights.
  private static func source(
    _ family: UInt8, _ addresses: some RandomAccessCollection<UInt8>
  ) -> Result<IPAddress, Fault> {
    let width: Int
    switch family {
    case 0x11: width = 4
    case 0x21: width = 16
    case 0x00, 0x31, 0x32: return .failure(.noAddress)
    default: return .failure(.otherFamily)
    }
    guard addresses.count >= 2 * width + 4, let address = IPAddress(octets: addresses.prefix(width)) else {
      return .failure(.tooShort)
    }
    return .success(address.unmapped)
  }
}

extension ProxyHeader.Fault: Error {}
