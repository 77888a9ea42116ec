package import NIOSSL

/// A certificate with its key, made by the openssl command in a folder of its own.
package struct SmarthostCertificate: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// A valid certificate for 127.0.0.1 and localhost.
    case good
    case expired
    case wrongName
  }

  /// The path of the certificate (PEM). It is self-signed, so the file also serves as its CA file.
  package let path: String
  /// The TLS context for a server with this certificate.
  package let context: NIOSSLContext
  /// Keeps the files until nobody needs them.
  private let folder: TemporaryFolder

  package static func make(_ kind: Kind) throws -> SmarthostCertificate {
    let folder = try TemporaryFolder()
    let names = kind == .wrongName ? "DNS:other.example" : "DNS:localhost,IP:127.0.0.1"
    try OpenSSLCommand.run(
      in: folder.url,
      [
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem",
        "-subj", "/CN=test", "-addext", "subjectAltName=\(names)", "-out", "request.pem",
      ])
    try OpenSSLCommand.run(
      in: folder.url,
      [
        "x509", "-req", "-in", "request.pem", "-signkey", "key.pem", "-out", "certificate.pem",
        "-days", kind == .expired ? "-1" : "2", "-copy_extensions", "copyall",
      ])
    let path = folder.file("certificate.pem")
    let chain = try NIOSSLCertificate.fromPEMFile(path).map { NIOSSLCertificateSource.certificate($0) }
    let key = try NIOSSLPrivateKey(file: folder.file("key.pem"), format: .pem)
    let configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
    return SmarthostCertificate(path: path, context: try NIOSSLContext(configuration: configuration), folder: folder)
  }
}
