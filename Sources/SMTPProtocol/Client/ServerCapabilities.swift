/// What a server announced in its reply to EHLO (RFC 5321 section 4.1.1.1).
package struct ServerCapabilities: Hashable, Sendable {
  package var pipelining = false
  package var eightBitMIME = false
  var smtpUTF8 = false
  /// DSN (RFC 3461): it reports what becomes of a mail, as its sender asked.
  package var dsn = false
  /// STARTTLS (RFC 3207).
  package var startTLS = false
  /// The mechanisms of AUTH (RFC 4954 section 3), in capitals.
  var mechanisms: [String] = []
  /// SIZE was announced (RFC 1870); `sizeLimit` is what it takes, nil when it names none.
  package var size = false
  var sizeLimit: Int?

  /// Nothing: a server that knows only HELO.
  package init() {}

  /// - Parameter lines: of the reply; the first one is the greeting.
  package init(_ lines: [String]) {
    for line in lines.dropFirst() {
      let words = line.split(separator: " ")
      switch words.first?.uppercased() {
      case "PIPELINING": pipelining = true
      case "8BITMIME": eightBitMIME = true
      case "SMTPUTF8": smtpUTF8 = true
      case "DSN": dsn = true
      case "STARTTLS": startTLS = true
      case "AUTH": mechanisms += words.dropFirst().map { $0.uppercased() }
      // Exchange of old and its imitators write AUTH=LOGIN, for the sake of even older clients.
      case let word? where word.hasPrefix("AUTH="):
        mechanisms += ([words[0].dropFirst(5)] + words.dropFirst()).map { $0.uppercased() }
      case "SIZE":
        size = true
        // RFC 1870 section 4: 0 means no fixed limit.
        sizeLimit = words.dropFirst().first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
      default: continue
      }
    }
  }
}
