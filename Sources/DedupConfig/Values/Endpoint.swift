import DedupCore
import SMTPProtocol

/// A host or IP address and a TCP port: `127.0.0.1:2525`, `[::1]:2525`, `mail.example.org:587`.
package struct Endpoint: Hashable, Sendable {
  /// The IP address without brackets, or the host name.
  package var host: String
  /// The TCP port, 1 to 65535.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// True if only this machine reaches it. A name other than `localhost` counts as outside: only the resolver knows.
  package var isLoopback: Bool { IPAddress(host)?.isLoopback ?? (host.lowercased() == "localhost") }
}

extension Endpoint: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ValueFormat<Endpoint> {
  /// The format `host:port`; the port is mandatory, because 25, 465 and 587 are all usual.
  /// - Parameter usualPort: the port that messages suggest.
  static func endpoint(usualPort: Int) -> Self {
    ValueFormat(
      syntax: "host:port", range: nil,
      read: { (text) throws(ValueProblem) in try readEndpoint(text, usualPort: usualPort) },
      write: { $0.description })
  }
}

extension ValueFormat<Smarthost> {
  /// The format `host:port`; the port is mandatory.
  static let smarthost = ValueFormat(
    syntax: "host:port", range: nil,
    read: { (text) throws(ValueProblem) in
      let endpoint = try readEndpoint(text, usualPort: 25)
      return Smarthost(host: endpoint.host, port: endpoint.port)
    },
    write: { $0.description })
}

private func readEndpoint(_ text: String, usualPort: Int) throws(ValueProblem) -> Endpoint {
  if let bracketed = bracketed(text) {
    throw ValueProblem(
      item: text, what: "is an IPv6 address without brackets", remedy: "write it with brackets",
      example: .this(bracketed))
  }
  if IPAddress(text) != nil || isHostname(text) {
    let host = text.contains(":") ? "[\(text)]" : text
    throw ValueProblem(
      item: text, what: "has no port", remedy: "write host:port", example: .this("\(host):\(usualPort)"))
  }
  guard let (host, port) = splitEndpoint(text) else {
    throw ValueProblem(item: text, what: "is not host:port", remedy: "write host:port", example: .ofTheKey)
  }
  guard !port.isEmpty, port.utf8.allSatisfy(\.isDigit), let number = Int(port), (1...65535).contains(number) else {
    throw ValueProblem(
      item: text, what: "has no valid port", remedy: "write a port from 1 to 65535 behind the last colon")
  }
  return Endpoint(host: host, port: number)
}

/// Returns the parts before and after the last colon, or nil if the first is no host.
private func splitEndpoint(_ text: String) -> (host: String, port: String)? {
  guard let colon = text.lastIndex(of: ":") else { return nil }
  let host = text[..<colon]
  let port = String(text[text.index(after: colon)...])
  if host.hasPrefix("["), host.hasSuffix("]") {
    let address = String(host.dropFirst().dropLast())
    guard case .v6 = IPAddress(address) else { return nil }
    return (address, port)
  }
  guard !host.contains(":"), IPAddress(String(host)) != nil || isHostname(String(host)) else { return nil }
  return (String(host), port)
}

/// Returns `::1:2525` as `[::1]:2525`, or nil if the text is not an IPv6 address that ends in what looks like a port: a
/// group of its own with a decimal number above 9.
private func bracketed(_ text: String) -> String? {
  guard !text.contains("["), let colon = text.lastIndex(of: ":"), text[..<colon].contains(":") else { return nil }
  let (host, port) = (String(text[..<colon]), text[text.index(after: colon)...])
  guard host.contains("::"), IPAddress(host) != nil, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
    let number = Int(port), (10...65_535).contains(number)
  else { return nil }
  return "[\(host)]:\(port)"
}
