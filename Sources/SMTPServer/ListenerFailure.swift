import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why we cannot listen, and what to do about it.
package struct ListenerFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package var kind: Kind
  package var endpoint: ListenerSettings.Endpoint
  /// One line for the admin.
  package var description: String

  package enum Kind: String, Hashable, Sendable {
    case inUse = "in-use"
    case notPermitted = "not-permitted"
    case noSuchAddress = "no-such-address"
    case other
  }

  init(withoutCertificate endpoint: ListenerSettings.Endpoint) {
    self.endpoint = endpoint
    kind = .other
    description = "cannot listen on \(endpoint): there is no certificate; set [tls] certificate and key"
  }

  init(_ endpoint: ListenerSettings.Endpoint, _ error: any Error) {
    self.endpoint = endpoint
    let what: String
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      kind = .inUse
      what = "the port is in use (another maildedup, or an MTA?); change [listener] address"
    case EACCES, EPERM:
      kind = .notPermitted
      what = "ports below 1024 need a privilege (CAP_NET_BIND_SERVICE); give it or change [listener] address"
    case EADDRNOTAVAIL:
      kind = .noSuchAddress
      what = "no network interface of this machine has the address; change [listener] address"
    case let code?:
      kind = .other
      what = "\(String(cString: strerror(code))); change [listener] address"
    case nil where error is SocketAddressError:
      kind = .noSuchAddress
      what = "the name does not resolve to an address; change [listener] address"
    case nil:
      kind = .other
      what = "\(error); change [listener] address"
    }
    description = "cannot listen on \(endpoint): \(what)"
  }
}
