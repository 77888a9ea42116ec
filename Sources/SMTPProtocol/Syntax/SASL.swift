/// A name and a password from a client. Printing it never shows the password: no part of it may reach a log.
package struct LoginAttempt: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  package let user: String
  package let password: [UInt8]

  package init(user: String, password: [UInt8]) {
    self.user = user
    self.password = password
  }

  package var description: String { "the credentials of \(user)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

/// Reads what clients send with AUTH (RFC 4954): base64, and the message of PLAIN (RFC 4616).
enum SASL {
  /// The longest name or password in octets; RFC 4616 section 2 asks for at least 255.
  static let longest = 255

  /// Parses `[authzid] NUL authcid NUL passwd`. No user may act for another here, so an authorization identity is
  /// accepted only if it is the same name.
  ///
  /// - Returns: the credentials, or nil if the message does not have this form.
  static func plain(_ message: [UInt8]) -> LoginAttempt? {
    let parts = message.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3, let user = name(parts[1]), isPassword(parts[2]) else { return nil }
    guard parts[0].isEmpty || parts[0] == parts[1] else { return nil }
    return LoginAttempt(user: user, password: Array(parts[2]))
  }

  /// Returns a user name, UTF-8 without NUL, of 1 to 255 octets, or nil if it is none.
  static func name(_ octets: some Collection<UInt8>) -> String? {
    guard (1...longest).contains(octets.count), !octets.contains(0) else { return nil }
    return String(validating: octets, as: UTF8.self)
  }

  static func isPassword(_ octets: some Collection<UInt8>) -> Bool {
    (1...longest).contains(octets.count) && !octets.contains(0)
  }

  /// Decodes base64 (RFC 4648 section 4): padded, without octets outside the alphabet or leftover bits.
  ///
  /// - Returns: the octets, or nil if the text is not valid base64.
  static func decodeBase64(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count.isMultiple(of: 4) else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var digits = 0
    var padding = 0
    for character in text {
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let value = value(character) else { return nil }
      bits = bits << 6 | UInt32(value)
      digits += 1
      if digits.isMultiple(of: 4) {
        octets += [UInt8(bits >> 16 & 0xFF), UInt8(bits >> 8 & 0xFF), UInt8(bits & 0xFF)]
        bits = 0
      }
    }
    switch (digits % 4, padding) {
    case (0, 0): return octets
    case (2, 2): return bits & 0xF == 0 ? octets + [UInt8(bits >> 4 & 0xFF)] : nil
    case (3, 1): return bits & 0x3 == 0 ? octets + [UInt8(bits >> 10 & 0xFF), UInt8(bits >> 2 & 0xFF)] : nil
    default: return nil
    }
  }

  private static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character + 4
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
