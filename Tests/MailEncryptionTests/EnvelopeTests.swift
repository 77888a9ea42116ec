import DedupCore
import Foundation
import MailTestKit
import Testing

@testable import MailEncryption

@Suite struct EnvelopeTests {
  @Test("each recipient can read it alone, by RSA and by an elliptic curve, octet for octet")
  func severalRecipients() throws {
    let admins = [try AdminCertificate(), try AdminCertificate(key: AdminCertificate.curve)]
    let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) } + [0x0A, 0x0D, 0x0A, 0, 0xFF]
    let envelope = try CMSEnvelope.base64(content, for: try admins.flatMap { try $0.recipients })
    for admin in admins { #expect(try admin.decrypted(envelope) == content) }
    let lines = String(decoding: envelope, as: UTF8.self).components(separatedBy: "\r\n")
    #expect(lines.last == "" && lines.allSatisfy { $0.utf8.count <= 76 })
    let other = try AdminCertificate()
    #expect(throws: OpenSSLCommand.Failure.self) { try other.decrypted(envelope) }
  }

  @Test("what a reader is told of the envelope: AES-256, and no SHA-1 in the agreement upon a key")
  func algorithms() throws {
    let admin = try AdminCertificate(key: AdminCertificate.curve)
    let envelope = try CMSEnvelope.base64([1], for: try admin.recipients)
    let der = [UInt8](try #require(Data(base64Encoded: Data(envelope), options: .ignoreUnknownCharacters)))
    // aes256-CBC (2.16.840.1.101.3.4.1.42) and dhSinglePass-stdDH-sha256kdf-scheme (1.3.132.1.11.1), as DER has them.
    for name in [[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A], [0x2B, 0x81, 0x04, 0x01, 0x0B, 0x01]] {
      #expect(der.indices.contains { der[$0...].starts(with: name.map(UInt8.init)) })
    }
  }

  @Test("an empty content, and nobody to encrypt to")
  func edges() throws {
    let admin = try AdminCertificate()
    #expect(try admin.decrypted(try CMSEnvelope.base64([], for: try admin.recipients)) == [])
    #expect(throws: EncryptionFailure.self) { try CMSEnvelope.base64([1], for: []) }
  }
}

@Suite struct CertificateTests {
  struct Case: CustomTestStringConvertible {
    var why: String
    var key = ["-newkey", "rsa:2048"]
    var extensions: [String] = []
    var days = 30
    var words: String?
    var testDescription: String { why }
  }

  private static let cases = [
    Case(why: "a key of RSA without any restriction"),
    Case(why: "an elliptic curve without any restriction", key: AdminCertificate.curve),
    Case(
      why: "as authorities issue them",
      extensions: ["keyUsage=digitalSignature,keyEncipherment", "extendedKeyUsage=emailProtection"]),
    Case(
      why: "the same with an elliptic curve", key: AdminCertificate.curve,
      extensions: ["keyUsage=keyAgreement", "extendedKeyUsage=emailProtection,clientAuth"]),
    Case(why: "for whatever its owner likes", extensions: ["extendedKeyUsage=anyExtendedKeyUsage"]),
    Case(
      why: "only for signatures", extensions: ["keyUsage=digitalSignature"], words: "is not for encryption"),
    Case(
      why: "an elliptic curve wraps no keys", key: AdminCertificate.curve, extensions: ["keyUsage=keyEncipherment"],
      words: "is not for encryption"),
    Case(why: "that of an authority", extensions: ["keyUsage=keyCertSign,cRLSign"], words: "is not for encryption"),
    Case(why: "that of a web server", extensions: ["extendedKeyUsage=serverAuth"], words: "is not for mail"),
    Case(why: "a key that can be broken", key: ["-newkey", "rsa:1024"], words: "too short"),
    Case(why: "a key that can only sign", key: ["-newkey", "ed25519"], words: "cannot be encrypted to"),
    Case(why: "it ended", days: -1, words: "expired on "),
  ]

  @Test("what can be encrypted to, and why not", arguments: cases)
  func faults(_ expected: Case) throws {
    let admin = try AdminCertificate(key: expected.key, extensions: expected.extensions, days: expected.days)
    let certificate = try #require(try admin.recipients.first)
    #expect(certificate.subject == "CN=Anna\\, Admin,O=Süd")
    let now = Timestamp(seconds: Int64(Date.now.timeIntervalSince1970) + 2)
    let fault = certificate.fault(at: now)
    if let words = expected.words {
      #expect(fault?.description.contains(words) == true, "\(String(describing: fault))")
    } else {
      #expect(fault == nil)
    }
  }

  @Test("a certificate is valid from its first moment to its last")
  func dates() throws {
    let admin = try AdminCertificate(days: 7)
    let certificate = try #require(try admin.recipients.first)
    let (from, until) = (certificate.validFrom, certificate.validUntil)
    #expect(until.since(from) == .seconds(7 * 86_400))
    #expect(certificate.fault(at: from.advanced(by: .seconds(-1))) == .notYetValid(from: from))
    #expect(certificate.fault(at: from) == nil && certificate.fault(at: until) == nil)
    #expect(certificate.fault(at: until.advanced(by: .seconds(1))) == .expired(until))
  }

  @Test("a file may hold several, each counts once, and what else is in it is passed over")
  func files() throws {
    let (anna, ben) = (try AdminCertificate(), try AdminCertificate(key: AdminCertificate.curve))
    let key = [UInt8](try Data(contentsOf: anna.folder.url.appending(path: "key.pem")))
    let words = Array("Bag Attributes\n    friendlyName: Anna\n".utf8)
    let all = words + (try anna.pem) + key + (try ben.pem) + (try anna.pem)
    let recipients = try [anna, ben].flatMap { try $0.recipients }
    #expect(try CertificateFile.certificates(in: all) == recipients)
    let pem = try anna.pem
    #expect(CertificateFile.holdsPrivateKey(all) && !CertificateFile.holdsPrivateKey(pem))
  }

  @Test("files that are none are told apart")
  func wrongFiles() throws {
    let admin = try AdminCertificate()
    try OpenSSLCommand.run(
      in: admin.folder.url, ["x509", "-in", "certificate.pem", "-outform", "DER", "-out", "certificate.der"])
    let der = [UInt8](try Data(contentsOf: admin.folder.url.appending(path: "certificate.der")))
    var damaged = try admin.pem
    damaged.replaceSubrange(200..<204, with: Array("AAAA".utf8))
    let cut = try admin.pem.dropLast(200)
    #expect(throws: CertificateFile.Fault.notPEM) { try CertificateFile.certificates(in: der) }
    for none in [[], Array("hello\n".utf8), [UInt8](repeating: 0xFF, count: 1000)] {
      #expect(throws: CertificateFile.Fault.noCertificate) { try CertificateFile.certificates(in: none) }
    }
    for broken in [damaged, Array(cut)] {
      #expect(throws: CertificateFile.Fault.self) { try CertificateFile.certificates(in: broken) }
    }
    // Half a file must not pass for a whole one.
    #expect(throws: CertificateFile.Fault.self) { try CertificateFile.certificates(in: try admin.pem + cut) }
  }
}
