import Foundation
import MailTestKit

/// A certificate for 127.0.0.1 that signs itself, in a folder of its own, made by the openssl command.
final class TestCertificate {
  let folder: URL

  var certificate: String { folder.appending(path: "cert.pem").path }
  var key: String { folder.appending(path: "key.pem").path }

  init(name: String = "one.example") throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try make(name: name)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Replaces both files by those of another name.
  func make(name: String) throws {
    try OpenSSLCommand.run([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
      "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-addext",
      "subjectAltName=DNS:\(name),IP:127.0.0.1",
    ])
  }
}
