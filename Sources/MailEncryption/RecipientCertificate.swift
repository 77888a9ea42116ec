import COpenSSL
package import DedupCore
import Glibc

/// The certificate of a recipient of encrypted mail (X.509, RFC 5280 and RFC 8550).
///
/// Neither its issuer nor its revocation is checked: the admin chose the file, and that is the trust.
package struct RecipientCertificate: Hashable, Sendable {
  /// The owner's name, e.g. `CN=Anna Admin,O=Shop`; empty if the certificate names none.
  package let subject: String
  package let validFrom: Timestamp
  package let validUntil: Timestamp
  /// The fault that prevents encryption whatever the date, or nil if there is none.
  let fault: CertificateFault?
  /// The certificate in DER.
  private let octets: [UInt8]

  /// - Parameter certificate: remains the caller's.
  init?(_ certificate: OpaquePointer) {
    guard let octets = Self.octets(of: certificate), let from = Self.time(X509_get0_notBefore(certificate)),
      let until = Self.time(X509_get0_notAfter(certificate))
    else { return nil }
    self.octets = octets
    (validFrom, validUntil) = (from, until)
    subject = Self.subject(of: certificate)
    fault = CertificateFault(of: certificate)
  }

  /// Returns the fault of the certificate at `now`, or nil if it can be used. The holder of the key can also read mail
  /// that was encrypted after the certificate expired, but the owner may no longer have that key.
  package func fault(at now: Timestamp) -> CertificateFault? {
    if let fault { return fault }
    if now < validFrom { return .notYetValid(from: validFrom) }
    return now > validUntil ? .expired(validUntil) : nil
  }

  /// The certificate in OpenSSL's form, parsed anew for each use so that this value can go to any thread.
  var parsed: Owned? {
    let pointer = octets.withUnsafeBufferPointer { octets in
      var start = octets.baseAddress
      return d2i_X509(nil, &start, octets.count)
    }
    return Owned(pointer, X509_free)
  }

  private static func octets(of certificate: OpaquePointer) -> [UInt8]? {
    let length = i2d_X509(certificate, nil)
    guard length > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      var end = buffer.baseAddress
      count = max(0, Int(i2d_X509(certificate, &end)))
    }
  }

  private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
    var parts = tm()
    guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
    return Timestamp(seconds: Int64(timegm(&parts)))
  }

  private static func subject(of certificate: OpaquePointer) -> String {
    guard let text = Owned(BIO_new(BIO_s_mem()), { _ = BIO_free($0) }),
      shim_X509_NAME_print(text.pointer, X509_get_subject_name(certificate)) >= 0
    else { return "" }
    var start: UnsafeMutablePointer<CChar>?
    let count = shim_BIO_get_mem_data(text.pointer, &start)
    return String(decoding: UnsafeRawBufferPointer(start: start, count: max(0, count)), as: UTF8.self)
  }
}
