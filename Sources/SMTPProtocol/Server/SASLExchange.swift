/// The client's side of one AUTH exchange (RFC 4954 section 4): a command, then a response to each challenge (334).
///
/// | mechanism | wire form, decoded |
/// |---|---|
/// | XOAUTH2 | `user=` name `^A` `auth=Bearer ` token `^A^A`, then an empty answer to the error that a 334 reports |
/// | PLAIN (RFC 4616) | NUL name NUL password |
/// | LOGIN | name, then password, each as the answer to a challenge whose text does not matter |
struct SASLExchange: Hashable, Sendable {
  /// The AUTH command without CRLF.
  let command: Secret
  private var answers: [Secret]

  /// Chooses a mechanism, or returns nil if the server offers none that fits. PLAIN is preferred to LOGIN: one round
  /// trip instead of three.
  init?(_ credentials: ClientCredentials, offered: [String]) {
    let name = credentials.username
    switch credentials.proof {
    case .token(let token) where offered.contains("XOAUTH2"):
      command = Secret("AUTH XOAUTH2 " + base64("user=\(name)\u{1}auth=Bearer \(token.revealed)\u{1}\u{1}"))
      answers = [Secret("")]
    case .password(let password) where offered.contains("PLAIN"):
      command = Secret("AUTH PLAIN " + base64("\0\(name)\0\(password.revealed)"))
      answers = []
    case .password(let password) where offered.contains("LOGIN"):
      command = Secret("AUTH LOGIN")
      answers = [Secret(base64(name)), Secret(base64(password.revealed))]
    case .token, .password: return nil
    }
  }

  /// Returns the response to the next challenge, or nil if there is none left.
  mutating func next() -> Secret? { answers.isEmpty ? nil : answers.removeFirst() }
}

/// Encodes the text in base64 on one line (RFC 4648 section 4).
private func base64(_ text: String) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  let bytes = Array(text.utf8)
  var output: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for index in 0..<4 {
      output.append(index > group.count ? UInt8(ascii: "=") : alphabet[bits >> (18 - 6 * index) & 63])
    }
  }
  return String(decoding: output, as: UTF8.self)
}
