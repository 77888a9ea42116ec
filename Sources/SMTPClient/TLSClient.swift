import DedupCore
import Glibc
import NIOCore
import NIOSSL
package import SMTPProtocol

/// The reason why TLS cannot be set up: the file with the CA certificates is missing or holds none.
package struct TLSSetupFailure: Error, CustomStringConvertible {
  package let description: String
}

/// The TLS configuration of our side: the versions and the trusted authorities. TLS 1.2 at least (RFC 8996).
package struct TLSClient: Sendable {
  private var contexts: [TLSMode: NIOSSLContext] = [:]
  /// True if certificates have to be valid where the mode asks for that.
  let verifiesCertificates: Bool

  /// Creates the TLS contexts of the modes.
  ///
  /// - Parameters:
  ///   - modes: The modes that will be used.
  ///   - caFile: Certificates (PEM) to trust instead of those of the system.
  ///   - verifiesCertificates: True if a certificate has to be valid, of a known authority, and for the name that we
  ///     connect to. Opportunistic TLS never asks for that.
  package init(
    for modes: some Sequence<TLSMode>, caFile: String? = nil, verifiesCertificates: Bool = true
  ) throws(TLSSetupFailure) {
    self.verifiesCertificates = verifiesCertificates
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    // The peer's close_notify is not worth waiting for: SMTP itself says when it is done.
    configuration.shutdownTimeout = .milliseconds(500)
    do {
      if let caFile { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile)) }
      for mode in Set(modes) where mode != .none {
        let verifies = mode.knowsThePeer && verifiesCertificates
        configuration.certificateVerification = verifies ? .fullVerification : .none
        contexts[mode] = try NIOSSLContext(configuration: configuration)
      }
    } catch {
      throw TLSSetupFailure(description: Self.obstacle(caFile))
    }
  }

  /// Returns the failure in words for the admin, to whom OpenSSL's own messages mean nothing.
  private static func obstacle(_ caFile: String?) -> String {
    guard let caFile else { return "the certificates of this machine cannot be read; install ca-certificates" }
    if access(caFile, R_OK) != 0 { return "cannot read \(caFile): \(String(cString: strerror(errno)))" }
    return "\(caFile) holds no certificate in PEM"
  }

  /// Returns the handler that precedes ours in the pipeline.
  func handler(for smarthost: Smarthost, _ mode: TLSMode) throws -> NIOSSLClientHandler {
    guard let context = contexts[mode] else { throw TLSSetupFailure(description: "TLS was not set up") }
    // RFC 6066 section 3: no addresses in SNI; without a name the certificate is compared with the peer's address.
    let name = smarthost.isAddress ? nil : smarthost.host
    return try NIOSSLClientHandler(context: context, serverHostname: name)
  }
}

extension Smarthost {
  fileprivate var isAddress: Bool { (try? SocketAddress(ipAddress: host, port: port)) != nil }
}

/// Returns why a handshake failed, as one line for the admin, or nil if the connection was merely lost.
func describe(handshake error: any Error, _ smarthost: Smarthost) -> String? {
  let text = "\(error)"
  if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
    return "the certificate of \(smarthost) is for another name"
  }
  if text.contains("CERTIFICATE_VERIFY_FAILED") || error as? NIOSSLError == .unableToValidateCertificate {
    return "the certificate of \(smarthost) is not valid now, or of no authority that we know ([delivery] ca-file)"
  }
  guard error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError else { return nil }
  if error as? NIOSSLError == .uncleanShutdown || text.contains("EOF during handshake") { return nil }
  return "no handshake with \(smarthost): \(handshakeFault(in: text))"
}

/// Returns the TLS library's name for the fault in plain words: `WRONG_VERSION_NUMBER` in the middle of its types and
/// source files becomes `wrong version number`.
func handshakeFault(in text: String) -> String {
  let words = text.split { !($0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_")) }
  let faults = words.filter { $0.contains("_") && !$0.hasPrefix("_") && !$0.hasPrefix("OPENSSL") && $0.count < 60 }
  guard let fault = faults.first else { return "the two sides do not agree on how to encrypt" }
  return fault.lowercased().replacing("_", with: " ")
}
