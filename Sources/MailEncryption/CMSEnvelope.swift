import COpenSSL
import Foundation

/// Encrypts octets so that each of several recipients can read them (CMS EnvelopedData, RFC 5652).
///
/// The content is encrypted with AES-256 in CBC mode and a fresh key. That key is encrypted for each recipient with RSA
/// (PKCS #1 v1.5), or through key agreement with the recipient's elliptic curve (RFC 5753, derived with SHA-256). Every
/// mail client can read this. AES in GCM mode would also reveal whether the octets were changed in transit, but it
/// needs AuthEnvelopedData (RFC 5083), which older Outlooks and others do not know, and an error report that no admin
/// can open is a hidden error.
package enum CMSEnvelope {
  /// Returns the envelope of `content` in lines of base64.
  ///
  /// Memory: about five times the octets of `content` during the call.
  ///
  /// - Parameter recipients: at least one, and none with a fault other than its dates.
  package static func base64(
    _ content: [UInt8], for recipients: [RecipientCertificate]
  ) throws(EncryptionFailure) -> [UInt8] {
    let lines = Data(try der(content, for: recipients)).base64EncodedData(
      options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
    return [UInt8](lines) + [0x0D, 0x0A]
  }

  private static func der(
    _ content: [UInt8], for recipients: [RecipientCertificate]
  ) throws(EncryptionFailure) -> [UInt8] {
    guard !recipients.isEmpty else { throw EncryptionFailure("there is no certificate to encrypt to") }
    let builder = try EnvelopeBuilder()
    for recipient in recipients { try builder.add(recipient) }
    return try builder.seal(content)
  }
}

/// An envelope under construction.
struct EnvelopeBuilder: ~Copyable {
  private let envelope: Owned

  init() throws(EncryptionFailure) {
    ERR_clear_error()
    let made = CMS_encrypt(nil, nil, EVP_aes_256_cbc(), UInt32(CMS_PARTIAL | CMS_BINARY))
    guard let envelope = Owned(made, CMS_ContentInfo_free) else { throw .latest("no envelope can be made") }
    self.envelope = envelope
  }

  func add(_ recipient: RecipientCertificate) throws(EncryptionFailure) {
    guard let certificate = recipient.parsed else { throw .latest("a certificate cannot be read") }
    try add(certificate.pointer)
  }

  /// Adds a recipient.
  ///
  /// - Parameter certificate: remains the caller's, who may release it at once.
  func add(_ certificate: OpaquePointer) throws(EncryptionFailure) {
    guard let recipient = CMS_add1_recipient_cert(envelope.pointer, certificate, 0) else {
      throw .latest("a recipient cannot be added")
    }
    guard CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_AGREE else { return }
    // OpenSSL uses SHA-1 by default; RFC 8551 section 2.3 requires SHA-256.
    guard let agreement = CMS_RecipientInfo_get0_pkey_ctx(recipient),
      EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) == 1
    else { throw .latest("no key can be agreed upon") }
  }

  /// Returns the envelope in DER. Must be the last call on the builder.
  func seal(_ content: [UInt8]) throws(EncryptionFailure) -> [UInt8] {
    let isSealed = content.withUnsafeBytes { octets in
      guard let source = Owned(BIO_new_mem_buf(octets.baseAddress, Int32(clamping: octets.count)), { _ = BIO_free($0) })
      else { return false }
      return CMS_final(envelope.pointer, source.pointer, nil, UInt32(CMS_BINARY)) == 1
    }
    guard isSealed else { throw .latest("OpenSSL could not encrypt") }
    let length = i2d_CMS_ContentInfo(envelope.pointer, nil)
    guard length > 0 else { throw .latest("the envelope could not be written") }
    return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      var end = buffer.baseAddress
      count = max(0, Int(i2d_CMS_ContentInfo(envelope.pointer, &end)))
    }
  }
}
