package import DedupCore
package import SMTPProtocol

/// `[delivery] tls`: one of the modes of `TLSMode`, or `auto`, which suits each smarthost.
package enum TLSChoice: String, Hashable, Sendable, CaseIterable {
  case auto, none, opportunistic, require, implicit
}

extension Configuration.Delivery {
  /// Returns how the connection to `smarthost` is encrypted. The meaning of `auto`:
  ///
  /// | port | mode |
  /// |---|---|
  /// | 465 | implicit (RFC 8314 section 3.3) |
  /// | any other on this machine | opportunistic: no stranger can listen in, and few certificates are for localhost |
  /// | 587, or any other with a login | require |
  /// | any other | opportunistic |
  package func tlsMode(for smarthost: Smarthost) -> TLSMode {
    switch tls {
    case .none: return .none
    case .opportunistic: return .opportunistic
    case .require: return .require
    case .implicit: return .implicit
    case .auto: break
    }
    if smarthost.port == 465 { return .implicit }
    if smarthost.isLoopback { return .opportunistic }
    return smarthost.port == 587 || username != nil ? .require : .opportunistic
  }
}

extension Smarthost {
  /// True if the smarthost is on this machine, see `Endpoint.isLoopback`.
  package var isLoopback: Bool { Endpoint(host: host, port: port).isLoopback }
}
