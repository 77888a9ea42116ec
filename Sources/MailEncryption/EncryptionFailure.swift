import COpenSSL

/// The reason why something could not be encrypted, in words.
package struct EncryptionFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// Returns `what` with the reason of OpenSSL's latest error on this thread, and clears the errors.
  static func latest(_ what: String) -> EncryptionFailure {
    defer { ERR_clear_error() }
    guard let reason = ERR_reason_error_string(ERR_peek_last_error()) else { return EncryptionFailure(what) }
    return EncryptionFailure("\(what): \(String(cString: reason))")
  }
}
