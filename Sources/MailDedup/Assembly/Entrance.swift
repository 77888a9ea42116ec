import DedupConfig
import HostSystem
import Logging
import SMTPServer

/// The terms on which clients connect and send: the settings of the listener, and the files behind them.
struct Entrance: Sendable {
  let terms: SMTPListener.Terms
  private let users: PasswordFile?

  /// Returns the number of connections for which there are descriptors.
  static func connections(of configuration: Configuration, descriptors: Int) -> Int {
    min(configuration.listener.maximumConnections, max(1, descriptors - Descriptors.reserve))
  }

  /// Creates the terms of a configuration, and reads the files that it names.
  ///
  /// - Throws: `StartFailure` if the certificate or the users file cannot be used.
  init(_ configuration: Configuration, hostname: String, logger: Logger) throws(StartFailure) {
    do {
      let identity = try Self.identity(configuration.tls, logger)
      users = try Self.users(configuration.auth, logger)
      terms = SMTPListener.Terms(
        settings: Self.settings(configuration, hostname), identity: identity,
        authenticator: users.map(Authenticator.init))
    } catch let failure as StartFailure {
      throw failure
    } catch {
      throw StartFailure(.configuration, "\(error)")
    }
  }

  /// Rereads the files that have changed.
  func refresh() {
    terms.identity?.refresh()
    users?.refresh()
  }

  /// Returns the TLS identity, or nil without `[tls]`.
  private static func identity(_ tls: Configuration.TLS, _ logger: Logger) throws -> TLSIdentity? {
    guard let certificate = tls.certificate, let key = tls.key else { return nil }
    return try TLSIdentity(certificate: certificate, key: key, logger: logger)
  }

  /// Returns the users file, or nil without `[auth]`.
  private static func users(_ auth: Configuration.Auth, _ logger: Logger) throws -> PasswordFile? {
    try auth.users.map { try PasswordFile(path: $0, logger: logger) }
  }

  private static func settings(_ configuration: Configuration, _ hostname: String) -> ListenerSettings {
    var settings = ListenerSettings(endpoints: endpoints(configuration.listener), hostname: hostname)
    settings.limits = configuration.limits
    let descriptors = Descriptors.raiseLimit()
    settings.maximumConnections = connections(of: configuration, descriptors: descriptors)
    let left = descriptors - Descriptors.reserve - settings.maximumConnections
    settings.maximumWaiting = min(settings.maximumWaiting, max(0, left))
    settings.maximumPerClient = configuration.listener.maximumConnectionsPerClient
    settings.maximumPerLoopbackClient = configuration.listener.maximumConnectionsPerLoopbackClient
    settings.maximumBeforeLogin = configuration.listener.maximumConnectionsBeforeLogin
    settings.memory = configuration.listener.messageMemory
    settings.mendsMessages = configuration.access.mendsMessages
    settings.networks = configuration.access.networks
    settings.proxies = configuration.access.proxies
    settings.allowsPlaintextAuthOnLoopback = configuration.auth.allowsPlaintextOnLoopback
    return settings
  }

  private static func endpoints(_ listener: Configuration.Listener) -> [ListenerSettings.Endpoint] {
    let plain = listener.addresses.map { ListenerSettings.Endpoint(host: $0.host, port: $0.port) }
    let secure = listener.tlsAddresses.map {
      ListenerSettings.Endpoint(host: $0.host, port: $0.port, isImplicitTLS: true)
    }
    let socket = listener.socket.map { ListenerSettings.Endpoint.socket(path: $0, mode: listener.socketMode.bits) }
    return plain + secure + [socket].compactMap { $0 }
  }
}
