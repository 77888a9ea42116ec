import EventLog
package import Logging
import NIOSSL
import Synchronization

/// The certificate and key that the listener presents, read from PEM files and read again when they change.
///
/// Promises: `init` either gives a working identity or throws a description of what is wrong with the files. `reload`
/// and `refresh` never discard a working identity: if the new files do not work, the old identity stays and an error is
/// logged. Connections keep the certificate they began with.
package final class TLSIdentity: Sendable {
  /// The reason why the files cannot be used, with the remedy, in one line.
  package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
  }

  private struct State {
    var context: NIOSSLContext
    var stamps: [FileStamp?]
  }

  private let certificate: String
  private let key: String
  private let logger: Logger
  private let state: Mutex<State>

  /// - Parameters:
  ///   - certificate: a PEM file with our certificate first, then the intermediate ones.
  ///   - key: a PEM file with the certificate's private key; it may be the same file.
  package init(certificate: String, key: String, logger: Logger) throws(Failure) {
    self.certificate = certificate
    self.key = key
    self.logger = logger
    // The stamps are taken first, so that a file that changes while it is read is read again.
    let stamps = Self.stamps(certificate, key)
    state = Mutex(State(context: try Self.read(certificate, key), stamps: stamps))
  }

  /// The TLS context for the next connection.
  var context: NIOSSLContext { state.withLock { $0.context } }

  /// Reads the files again if they changed. They are replaced one after the other, so between the two this may fail;
  /// the next call finds both.
  package func refresh() {
    guard Self.stamps(certificate, key) != state.withLock({ $0.stamps }) else { return }
    reload()
  }

  /// Reads the files again.
  package func reload() {
    let stamps = Self.stamps(certificate, key)
    do {
      let context = try Self.read(certificate, key)
      state.withLock { $0 = State(context: context, stamps: stamps) }
      logger.event(.notice, .reloaded, [.file: certificate])
    } catch {
      state.withLock { $0.stamps = stamps }
      logger.event(.error, .keptOld, [.file: certificate, .error: error.description])
    }
  }

  private static func stamps(_ certificate: String, _ key: String) -> [FileStamp?] {
    [FileStamp(certificate), FileStamp(key)]
  }

  private static func read(_ certificate: String, _ key: String) throws(Failure) -> NIOSSLContext {
    for (name, path) in [("certificate", certificate), ("key", key)] {
      if let reason = FileStamp.unreadable(path) { throw failure(name, path, reason) }
    }
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
      throw failure("certificate", certificate, "it does not hold certificates in PEM")
    }
    if chain.isEmpty { throw Failure(description: "[tls] certificate: \(certificate) holds no certificate in PEM") }
    let secret: NIOSSLPrivateKey
    do { secret = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
      throw failure("key", key, "it does not hold a private key in PEM without passphrase")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
    // RFC 8996 forbids older versions.
    configuration.minimumTLSVersion = .tlsv12
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw Failure(
        description: "[tls] key: \(key) is not the key of the certificate in \(certificate), or one of them cannot be "
          + "used; give both from the same request")
    }
  }

  private static func failure(_ name: String, _ path: String, _ reason: String) -> Failure {
    Failure(description: "[tls] \(name): cannot use \(path): \(reason)")
  }
}
