import COpenSSL
package import DedupCore
import MailMessage

/// The reason why a certificate cannot be used to encrypt to its owner.
package enum CertificateFault: Error, Hashable, Sendable {
  case expired(Timestamp)
  case notYetValid(from: Timestamp)
  /// The key usage (RFC 5280 section 4.2.1.3) names other purposes for the key.
  case notForEncryption
  /// The extended key usage (RFC 5280 section 4.2.1.12) does not include mail.
  case notForMail
  /// The key is short enough to be broken.
  case weakKey
  /// OpenSSL cannot encrypt to the certificate, for this reason.
  case unsupported(String)
}

extension CertificateFault: CustomStringConvertible {
  /// The fault in words that continue the name of the certificate.
  package var description: String {
    switch self {
    case .expired(let end): "expired on \(end.civil().dateAndClock) UTC"
    case .notYetValid(let from): "is not valid before \(from.civil().dateAndClock) UTC"
    case .notForEncryption: "is not for encryption (its key usage says so)"
    case .notForMail: "is not for mail (its extended key usage says so)"
    case .weakKey: "has a key too short to be safe; 2048 bits of RSA or 224 of an elliptic curve are the least"
    case .unsupported(let reason): "cannot be encrypted to (\(reason))"
    }
  }
}

extension CertificateFault {
  /// The bits of security that 2048 bits of RSA give (NIST SP 800-57 part 1, table 2).
  private static let leastSecurityBits: Int32 = 112

  /// Finds the fault that is independent of the date, or returns nil if there is none.
  init?(of certificate: OpaquePointer) {
    guard let key = X509_get0_pubkey(certificate) else {
      self = .unsupported(EncryptionFailure.latest("its key cannot be read").description)
      return
    }
    let usage = X509_get_key_usage(certificate)
    // An elliptic curve agrees on a key where RSA wraps one. A certificate without key usage allows everything.
    let needed = UInt32(EVP_PKEY_get_base_id(key) == EVP_PKEY_EC ? KU_KEY_AGREEMENT : KU_KEY_ENCIPHERMENT)
    let purposes = X509_get_extended_key_usage(certificate)
    if usage & needed == 0 {
      self = .notForEncryption
    } else if purposes & UInt32(XKU_SMIME | XKU_ANYEKU) == 0 {
      self = .notForMail
    } else if EVP_PKEY_get_security_bits(key) < Self.leastSecurityBits {
      self = .weakKey
    } else {
      // Any other fault shows in a trial.
      do throws(EncryptionFailure) {
        let trial = try EnvelopeBuilder()
        try trial.add(certificate)
        _ = try trial.seal([0])
        return nil
      } catch {
        self = .unsupported(error.description)
      }
    }
  }
}
