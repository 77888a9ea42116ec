import COpenSSL

/// Why something could not be encrypted, in words.
package struct EncryptionFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// What OpenSSL says of its latest error on this thread, which is forgotten then.
  static func latest(_ what: String) -> EncryptionFailure {
    defer { ERR_clear_error() }
    guard let reason = ERR_reason_error_string(ERR_peek_last_error()) else { return EncryptionFailure(what) }
    return EncryptionFailure("\(what): \(String(cString: reason))")
  }
}
