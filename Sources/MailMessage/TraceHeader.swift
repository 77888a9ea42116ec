/// The `Received:` field that this hop puts on top of each mail (RFC 5321 section 4.4):
///
///     Received: from web1.example.org ([192.0.2.7])
///     	by relay.example.org (MailDedup) with ESMTP id 01KAN5GZJ4V3M
///     	for <admin@example.org>;
///     	Sun, 22 Nov 2026 14:03:05 +0000
///
/// Whatever the client said is cut and cleaned: no control character, no 8-bit octet and no parenthesis gets into the
/// field, and no line exceeds 998 octets; lines stay within 78 where a fold is possible.
package enum TraceHeader {
  /// - Parameters:
  ///   - helo: what HELO or EHLO said.
  ///   - address: of the client, without port: `127.0.0.1`, `::1`, or a word such as `unix`.
  ///   - by: the name of this host.
  ///   - transmission: `SMTP`, `ESMTP` or another word of RFC 3848.
  ///   - id: the queue id.
  ///   - recipients: of the envelope. The field names one only if it is the only one: several would tell each of them
  ///     about the others (RFC 5321 section 7.2).
  ///   - date: when the mail was accepted.
  /// - Returns: the field with its final CRLF.
  package static func received(
    helo: String, address: String, by host: String, transmission: String, id: String, recipients: [EmailAddress],
    date: CivilTime
  ) -> [UInt8] {
    var clauses = [
      ["from \(domain(helo))", "(\(literal(address)))"],
      ["by \(domain(host))", "(MailDedup)", "with \(word(transmission, limit: 32))", "id \(word(id, limit: 64))"],
    ]
    if let recipient = onlyRecipient(recipients) { clauses.append(["for <\(recipient)>"]) }
    return Array("\(fold(clauses));\r\n\t\(date.rfc5322)\r\n".utf8)
  }

  /// Each clause on a line of its own; inside a clause a fold where 78 columns are not enough.
  private static func fold(_ clauses: [[String]]) -> String {
    var text = "Received:"
    var column = text.utf8.count
    for (number, clause) in clauses.enumerated() {
      for (position, part) in clause.enumerated() {
        let startsLine = number > 0 && position == 0
        if startsLine || (position > 0 && column + 1 + part.utf8.count > 78) {
          text += "\r\n\t"
          column = 8
        } else {
          text += " "
          column += 1
        }
        text += part
        column += part.utf8.count
      }
    }
    return text
  }

  /// A domain or an address literal; an octet that fits neither becomes `?`, as in Postfix.
  private static func domain(_ text: String) -> String {
    let bytes = text.utf8.prefix(255)  // RFC 5321 section 4.5.3.1.2
    if bytes.isEmpty { return "unknown" }
    let isLiteral = bytes.count > 2 && bytes.first == UInt8(ascii: "[") && bytes.last == UInt8(ascii: "]")
    return isLiteral ? "[\(clean(bytes.dropFirst().dropLast()))]" : clean(bytes)
  }

  /// `[127.0.0.1]`, `[IPv6:::1]` (RFC 5321 section 4.1.3), or a plain word for what is no address.
  private static func literal(_ address: String) -> String {
    let text = word(address, limit: 64)
    if text.contains(":") { return "[IPv6:\(text)]" }
    let isIPv4 = text.contains(".") && text.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    return isIPv4 ? "[\(text)]" : text
  }

  private static func word(_ text: String, limit: Int) -> String {
    text.isEmpty ? "unknown" : clean(text.utf8.prefix(limit))
  }

  private static func clean(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.map { isSafe($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }

  /// Letters, digits and what domains, address literals, scopes of IPv6 and sloppy host names are made of.
  private static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57: true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"): true
    default: false
    }
  }

  /// An address outside printable ASCII is left out rather than changed: the clause is optional.
  private static func onlyRecipient(_ recipients: [EmailAddress]) -> String? {
    guard recipients.count == 1, let text = recipients.first?.text else { return nil }
    let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ">") }
    return isPrintable && !text.isEmpty && text.utf8.count <= 320 ? text : nil
  }
}
