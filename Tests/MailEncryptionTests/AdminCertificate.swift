import Foundation
import MailTestKit

@testable import MailEncryption

/// A certificate with its key, made by the openssl command in a folder of its own.
struct AdminCertificate {
  let folder: TemporaryFolder

  /// - Parameters:
  ///   - key: the options of `openssl req` that say what key to make.
  ///   - extensions: lines like `keyUsage=keyEncipherment`.
  ///   - days: how long it is valid.
  init(key: [String] = ["-newkey", "rsa:2048"], extensions: [String] = [], days: Int = 30) throws {
    folder = try TemporaryFolder()
    let added = extensions.flatMap { ["-addext", $0] }
    let request =
      ["req"] + key
      + ["-nodes", "-keyout", "key.pem", "-subj", "/O=Süd/CN=Anna, Admin", "-utf8", "-out", "request.pem"]
    try OpenSSLCommand.run(in: folder.url, request + added)
    try OpenSSLCommand.run(
      in: folder.url,
      [
        "x509", "-req", "-in", "request.pem", "-signkey", "key.pem", "-out", "certificate.pem", "-days", "\(days)",
        "-copy_extensions", "copyall",
      ])
  }

  static let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

  var pem: [UInt8] { get throws { [UInt8](try Data(contentsOf: folder.url.appending(path: "certificate.pem"))) } }

  var recipients: [RecipientCertificate] { get throws { try CertificateFile.certificates(in: try pem) } }

  /// What its owner reads in an envelope.
  func decrypted(_ base64: [UInt8]) throws -> [UInt8] {
    let envelope = Data(base64Encoded: Data(base64), options: .ignoreUnknownCharacters) ?? Data()
    try envelope.write(to: folder.url.appending(path: "envelope"))
    try OpenSSLCommand.run(
      in: folder.url,
      [
        "cms", "-decrypt", "-inform", "DER", "-binary", "-in", "envelope", "-inkey", "key.pem", "-recip",
        "certificate.pem", "-out", "content",
      ])
    return [UInt8](try Data(contentsOf: folder.url.appending(path: "content")))
  }
}
