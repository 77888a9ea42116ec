package import DedupCore
package import SMTPProtocol

/// `[delivery] tls`: the modes of `TLSMode`, or what suits each smarthost.
package enum TLSChoice: String, Hashable, Sendable, CaseIterable {
  case auto, none, opportunistic, require, implicit
}

extension Configuration.Delivery {
  /// How the connection to `smarthost` is encrypted. What `auto` makes of it:
  ///
  /// | port | mode |
  /// |---|---|
  /// | 465 | implicit (RFC 8314 section 3.3) |
  /// | any other on this machine | opportunistic: nobody can listen in, and hardly any certificate is for localhost |
  /// | 587, or any when we log in | require |
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
  /// Whether it is on this machine, see `Endpoint.isLoopback`.
  package var isLoopback: Bool { Endpoint(host: host, port: port).isLoopback }
}
