import NIOCore
import NIOSSL

/// TLS to an engine: at least 1.2, and the certificate is always verified. Who could read or answer for the engine could
/// hide errors.
struct EngineTLS: Sendable {
  private let context: NIOSSLContext

  /// - Parameter caFile: The certificates (PEM) to trust; nil: those of the system.
  init(caFile: String?) throws(EngineFailure) {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.certificateVerification = .fullVerification
    do {
      if let caFile { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile)) }
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw .refused(
        caFile.map { "\($0) cannot be read, or holds no certificate in PEM" }
          ?? "the certificates of this machine cannot be read; install ca-certificates")
    }
  }

  func handler(for host: String) throws -> NIOSSLClientHandler {
    // RFC 6066 section 3: no addresses in SNI; without a name the certificate is compared with the peer's address.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
  }

  /// Returns the meaning of an error of the channel, in words for the admin.
  static func failure(_ error: any Error) -> EngineFailure {
    let text = "\(error)"
    if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
      return .refused("the certificate of the engine is for another name")
    }
    if text.contains("CERTIFICATE_VERIFY_FAILED") || error as? NIOSSLError == .unableToValidateCertificate {
      return .refused(
        "the certificate of the engine is not valid now, or of no authority that we know ([fleet] ca-file)")
    }
    if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
      return .refused("no TLS with the engine: does it speak TLS on this port?")
    }
    return .lost
  }
}
