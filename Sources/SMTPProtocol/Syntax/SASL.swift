/// A name and a password as a client gave them. Printing it never shows the password: nothing of it may reach a log.
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

/// Reads what clients say behind AUTH (RFC 4954): base64, and the message of PLAIN (RFC 4616).
enum SASL {
  /// RFC 4616 section 2 asks for names and passwords of up to 255 octets at least.
  static let longest = 255

  /// `[authzid] NUL authcid NUL passwd`. Nobody may act for somebody else here, so an authorization identity is only
  /// taken when it is the same name.
  ///
  /// - Returns: nil when it is no such message.
  static func plain(_ message: [UInt8]) -> LoginAttempt? {
    let parts = message.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3, let user = name(parts[1]), isPassword(parts[2]) else { return nil }
    guard parts[0].isEmpty || parts[0] == parts[1] else { return nil }
    return LoginAttempt(user: user, password: Array(parts[2]))
  }

  /// A user name: UTF-8 without NUL, of 1 to 255 octets.
  static func name(_ octets: some Collection<UInt8>) -> String? {
    guard (1...longest).contains(octets.count), !octets.contains(0) else { return nil }
    return String(validating: octets, as: UTF8.self)
  }

  static func isPassword(_ octets: some Collection<UInt8>) -> Bool {
    (1...longest).contains(octets.count) && !octets.contains(0)
  }

  /// RFC 4648 section 4: padded, nothing but the alphabet, no bits left over.
  ///
  /// - Returns: nil when it is no base64.
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
