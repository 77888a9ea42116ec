import DedupConfig
import DedupCore
import EventLog
import HostSystem
import Logging
import MailFiles
import NIOCore
import NIOPosix
import SMTPClient
import SMTPProtocol

/// The transport to the next hop that the configuration names.
enum NextHop {
  /// Returns the transport for the delivery settings.
  ///
  /// - Throws: `StartFailure` if the CA certificates cannot be read, or if a secret file has wrong permissions.
  static func transport(
    _ delivery: Configuration.Delivery, hostname: String, group: any EventLoopGroup, logger: Logger
  ) throws(StartFailure) -> any Transport {
    if delivery.discards {
      logger.event(.warning, .discarding, [.reason: "[delivery] discard is set: all mail is thrown away"])
      return DiscardTransport()
    }
    if delivery.smarthosts.isEmpty { return MaildirTransport(path: delivery.maildir, host: hostname) }
    try checkSecrets(delivery)
    let links = delivery.smarthosts.map {
      SmarthostLink($0, tls: delivery.tlsMode(for: $0), isLoopback: $0.isLoopback)
    }
    var settings = SMTPTransportSettings(hostname: hostname)
    settings.connections = delivery.connections
    settings.rests = RestRule(BackOff(for: delivery.retry))
    return SMTPTransport(
      links: links, settings: settings, tls: try tls(links, delivery), credentials: credentials(delivery),
      group: group, logger: logger)
  }

  private static func checkSecrets(_ delivery: Configuration.Delivery) throws(StartFailure) {
    let files = [("password-file", delivery.passwordFile), ("oauth-token-file", delivery.tokenFile)]
    for case (let key, let path?) in files {
      do throws(SecretSource.Failure) { try SecretSource.checkPermissions(of: path) } catch {
        throw StartFailure(.configuration, "delivery.\(key): \(error)")
      }
    }
  }

  private static func tls(_ links: [SmarthostLink], _ delivery: Configuration.Delivery) throws(StartFailure)
    -> TLSClient
  {
    do {
      return try TLSClient(
        for: links.map(\.tls), caFile: delivery.caFile, verifiesCertificates: delivery.verifiesCertificates)
    } catch {
      throw StartFailure(.configuration, "delivery.ca-file: \(error)")
    }
  }

  /// Returns the source of credentials, or nil without a username. It reads the password or token anew each time, off
  /// the event loop because files and commands block.
  private static func credentials(_ delivery: Configuration.Delivery) -> CredentialSource? {
    guard let username = delivery.username else { return nil }
    return { () async throws(CredentialFailure) -> ClientCredentials in
      do {
        // A shutdown cancels pending work; a command that hangs must not delay it.
        let end = CommandEnd()
        let known = try await withTaskCancellationHandler {
          try await NIOThreadPool.singleton.runIfActive { try Self.proof(delivery, end) }
        } onCancel: {
          end.ask()
        }
        return ClientCredentials(username: username, proof: known)
      } catch {
        throw CredentialFailure("\(error)")
      }
    }
  }

  private static func proof(_ delivery: Configuration.Delivery, _ end: CommandEnd) throws -> ClientCredentials.Proof {
    if let path = delivery.passwordFile { return .password(try SecretSource.file(path)) }
    if let path = delivery.tokenFile { return .token(try SecretSource.file(path)) }
    if let command = delivery.tokenCommand { return .token(try SecretSource.command(command, end: end)) }
    throw CredentialFailure("neither a password nor a token is configured")
  }
}
