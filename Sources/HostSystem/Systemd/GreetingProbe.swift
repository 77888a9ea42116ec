import Glibc

/// Checks that a listener on this machine accepts a connection and greets (RFC 5321 section 3.1). Sends nothing.
package enum GreetingProbe {
  /// The reason why there was no greeting, in words, with what to do.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package enum Address: Hashable, Sendable {
    /// A TCP address. `expectsGreeting` is false if TLS comes first, so that no greeting is sent before it.
    case tcp(host: String, port: Int, expectsGreeting: Bool)
    case socket(String)
  }

  /// The limit for connecting and for the greeting each, in milliseconds.
  private static let patience: Int32 = 5000

  /// Returns the greeting without its line end; empty if none is expected.
  package static func greeting(of address: Address) throws(Failure) -> String {
    switch address {
    case .tcp(let host, let port, let expectsGreeting):
      let descriptor = try connect(toHost: reachable(host), port: port)
      defer { close(descriptor) }
      return expectsGreeting ? try greeting(from: descriptor) : ""
    case .socket(let path):
      let descriptor = try connect(toSocket: path)
      defer { close(descriptor) }
      return try greeting(from: descriptor)
    }
  }

  /// Returns the loopback address for a listener on all addresses of the machine, else `host`.
  private static func reachable(_ host: String) -> String {
    host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
  }

  private static func connect(toHost host: String, port: Int) throws(Failure) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let first = found else {
      throw Failure(description: "the name \(host) is unknown on this machine; correct [listener] address")
    }
    defer { freeaddrinfo(found) }
    return try connect(first.pointee.ai_family) { Glibc.connect($0, first.pointee.ai_addr, first.pointee.ai_addrlen) }
  }

  private static func connect(toSocket path: String) throws(Failure) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let octets = Array(path.utf8)
    guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Failure(description: "the path is longer than 107 bytes; shorten [listener] socket")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
    return try connect(AF_UNIX) { descriptor in
      withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
    }
  }

  /// Connects a new socket; the caller owns the descriptor.
  private static func connect(_ family: Int32, _ connect: (Int32) -> Int32) throws(Failure) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw failure(errno) }
    var code = connect(descriptor) == 0 ? 0 : errno
    if code == EINPROGRESS { code = wait(for: POLLOUT, on: descriptor) ? pendingError(of: descriptor) : ETIMEDOUT }
    guard code == 0 else {
      close(descriptor)
      throw failure(code)
    }
    return descriptor
  }

  private static func greeting(from descriptor: Int32) throws(Failure) -> String {
    var line = [UInt8](repeating: 0, count: 512)
    guard wait(for: POLLIN, on: descriptor) else {
      throw Failure(description: "it takes connections but says nothing; the log of the relay may say why")
    }
    let count = max(0, read(descriptor, &line, line.count))
    let text = String(decoding: line[..<count].prefix { $0 != 13 && $0 != 10 }, as: UTF8.self)
    guard text.hasPrefix("220") else {
      let said = text.isEmpty ? "it closed the connection" : "it said \"\(text)\""
      throw Failure(description: "\(said); the log of the relay may say why")
    }
    return text
  }

  private static func wait(for event: Int32, on descriptor: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(event), revents: 0)
    return poll(&waiting, 1, patience) > 0
  }

  private static func pendingError(of descriptor: Int32) -> Int32 {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
  }

  private static func failure(_ code: Int32) -> Failure {
    let text =
      switch code {
      case ECONNREFUSED, ENOENT: "nobody listens there; start it with: systemctl start maildedup.service"
      case EACCES, EPERM: "no permission to connect; run dedupctl as a user who may send"
      case ETIMEDOUT: "the connection was not accepted within 5 s; the log of the relay may say why"
      default: "\(String(cString: strerror(code))); the log of the relay may say why"
      }
    return Failure(description: text)
  }
}
