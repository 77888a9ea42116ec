/// The extensions that a server announced in its reply to EHLO (RFC 5321 section 4.1.1.1).
package struct ServerCapabilities: Hashable, Sendable {
  package var pipelining = false
  package var eightBitMIME = false
  var smtpUTF8 = false
  /// True if DSN was announced (RFC 3461): the server reports the outcome of a mail as its sender asked.
  package var dsn = false
  /// True if STARTTLS was announced (RFC 3207).
  package var startTLS = false
  /// The mechanisms of AUTH (RFC 4954 section 3), in capitals.
  var mechanisms: [String] = []
  /// True if SIZE was announced (RFC 1870). `sizeLimit` is the limit in octets, or nil if the server names none.
  package var size = false
  var sizeLimit: Int?

  /// Creates empty capabilities: those of a server that only knows HELO.
  package init() {}

  /// Reads the reply to EHLO.
  ///
  /// - Parameter lines: The lines of the reply; the first one is the greeting.
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
      // Old Exchange servers and their imitators write AUTH=LOGIN, for the sake of even older clients.
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
