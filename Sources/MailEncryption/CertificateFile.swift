import COpenSSL

/// Reads the certificates of a PEM file.
package enum CertificateFile {
  package enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
    case noCertificate
    /// The file is in DER, the binary form.
    case notPEM
    case damaged(String)

    package var description: String {
      switch self {
      case .noCertificate: "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"
      case .notPEM: "it is not in PEM; convert it: openssl x509 -inform DER -in FILE -out FILE.pem"
      case .damaged(let reason): "a certificate in it is damaged (\(reason))"
      }
    }
  }

  /// Returns all certificates of the file in order, each once; other contents are skipped.
  package static func certificates(in octets: [UInt8]) throws(Fault) -> [RecipientCertificate] {
    if octets.first == 0x30 { throw .notPEM }
    guard !octets.isEmpty else { throw .noCertificate }
    let certificates = try octets.withUnsafeBytes { read($0) }.get()
    guard !certificates.isEmpty else { throw .noCertificate }
    return certificates
  }

  /// True if the file also holds a private key, which should be nowhere but with the reader.
  package static func holdsPrivateKey(_ octets: [UInt8]) -> Bool {
    String(decoding: octets, as: UTF8.self).contains("PRIVATE KEY-----")
  }

  private static func read(_ octets: UnsafeRawBufferPointer) -> Result<[RecipientCertificate], Fault> {
    guard let source = Owned(BIO_new_mem_buf(octets.baseAddress, Int32(clamping: octets.count)), { _ = BIO_free($0) })
    else { return .failure(.damaged(EncryptionFailure.latest("no memory").description)) }
    var found: [RecipientCertificate] = []
    ERR_clear_error()
    while let certificate = Owned(PEM_read_bio_X509(source.pointer, nil, nil, nil), X509_free) {
      guard let recipient = RecipientCertificate(certificate.pointer) else { return .failure(.damaged("no dates")) }
      if !found.contains(recipient) { found.append(recipient) }
    }
    let end = ERR_peek_last_error()
    if ERR_GET_LIB(end) == ERR_LIB_PEM, ERR_GET_REASON(end) == PEM_R_NO_START_LINE {
      ERR_clear_error()
      return .success(found)
    }
    return .failure(.damaged(EncryptionFailure.latest("PEM").description))
  }
}
