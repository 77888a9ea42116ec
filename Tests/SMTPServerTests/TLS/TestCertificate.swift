import MailTestKit

/// A certificate for 127.0.0.1 that signs itself, in a folder of its own, made by the openssl command.
final class TestCertificate {
  let folder: TemporaryFolder

  var certificate: String { folder.file("cert.pem") }
  var key: String { folder.file("key.pem") }

  init(name: String = "one.example") throws {
    folder = try TemporaryFolder()
    try make(name: name)
  }

  /// Replaces both files by those of another name.
  func make(name: String) throws {
    try OpenSSLCommand.run([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
      "-keyout", key, "-out", certificate, "-subj", "/CN=\(name)", "-addext",
      "subjectAltName=DNS:\(name),IP:127.0.0.1",
    ])
  }
}
