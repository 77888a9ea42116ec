/// The `Received:` field that this hop puts on top of each mail (RFC 5321 section 4.4):
///
///     Received: from web1.example.org ([192.0.2.7])
///     	by relay.example.org (MailDedup) with ESMTP id 01KAN5GZJ4V3M
///     	for <admin@example.org>;
///     	Sun, 22 Nov 2026 14:03:05 +0000
///
/// Everything from the client is cut and cleaned: no control character, no 8-bit octet and no parenthesis gets into the
/// field, and no line exceeds 998 octets; lines stay within 78 columns if a fold is possible.
package enum TraceHeader {
  /// Returns the field with its final CRLF.
  ///
  /// - Parameters:
  ///   - helo: the argument of HELO or EHLO.
  ///   - address: the address of the client, without port: `127.0.0.1`, `::1`, or a word such as `unix`.
  ///   - by: the name of this host.
  ///   - transmission: `SMTP`, `ESMTP` or another word of RFC 3848.
  ///   - id: the queue ID.
  ///   - recipients: the recipients of the envelope. The field names one only if it is the only one: several would tell
  ///     each of them about the others (RFC 5321 section 7.2).
  ///   - date: the time when the mail was accepted.
  package static func received(
    helo: String, address: String, by host: String, transmission: String, id: String, recipients: [EmailAddress],
    date: CivilTime
  ) -> [UInt8] {
    var field = FoldedField("Received: from ", domain(helo))
    field.add("(", literal(address), ")")
    field.add("by ", domain(host), onNewLine: true)
    field.add("(MailDedup)", [])
    field.add("with ", word(transmission, limit: 32))
    field.add("id ", word(id, limit: 64))
    if let recipient = onlyRecipient(recipients) { field.add("for <", Array(recipient.utf8), ">", onNewLine: true) }
    field.octets.append(";\r\n\t")
    field.octets.append(contentsOf: date.rfc5322.utf8)
    field.octets.append("\r\n")
    return field.octets
  }

  /// A field of clauses, some of which begin a new line, with a fold before any that would exceed 78 columns. It is
  /// built as octets, because each mail gets one of these fields.
  private struct FoldedField {
    var octets: [UInt8] = []
    /// The column in the line; the tab that begins a line counts as eight.
    private var column: Int

    /// Begins the field, however long that is: nothing is gained by a line with nothing but the name.
    init(_ name: StaticString, _ text: [UInt8]) {
      octets.reserveCapacity(320)
      octets.append(name)
      octets += text
      column = octets.count
    }

    mutating func add(
      _ before: StaticString, _ text: [UInt8], _ after: StaticString = "", onNewLine: Bool = false
    ) {
      let length = before.utf8CodeUnitCount + text.count + after.utf8CodeUnitCount
      let startsLine = onNewLine || column + 1 + length > 78
      octets.append(startsLine ? "\r\n\t" : " ")
      octets.append(before)
      octets += text
      octets.append(after)
      column = (startsLine ? 8 : column + 1) + length
    }
  }

  /// Returns a domain or an address literal; an octet that fits neither becomes `?`, as in Postfix.
  private static func domain(_ text: String) -> [UInt8] {
    let octets = Array(text.utf8.prefix(255))  // RFC 5321 section 4.5.3.1.2
    if octets.isEmpty { return Array("unknown".utf8) }
    let isLiteral = octets.count > 2 && octets.first == UInt8(ascii: "[") && octets.last == UInt8(ascii: "]")
    return isLiteral ? Array("[".utf8) + clean(octets.dropFirst().dropLast()) + Array("]".utf8) : clean(octets[...])
  }

  /// Returns `[127.0.0.1]`, `[IPv6:::1]` (RFC 5321 section 4.1.3), or a plain word if it is no address.
  private static func literal(_ address: String) -> [UInt8] {
    let text = word(address, limit: 64)
    if text.contains(UInt8(ascii: ":")) { return Array("[IPv6:".utf8) + text + Array("]".utf8) }
    let isIPv4 =
      text.contains(UInt8(ascii: ".")) && text.allSatisfy { $0 == UInt8(ascii: ".") || (48...57).contains($0) }
    return isIPv4 ? Array("[".utf8) + text + Array("]".utf8) : text
  }

  private static func word(_ text: String, limit: Int) -> [UInt8] {
    text.isEmpty ? Array("unknown".utf8) : clean(Array(text.utf8).prefix(limit))
  }

  private static func clean(_ octets: ArraySlice<UInt8>) -> [UInt8] {
    octets.map { isSafe($0) ? $0 : UInt8(ascii: "?") }
  }

  /// True for letters, digits and the characters of domains, address literals, IPv6 scopes and sloppy host names.
  private static func isSafe(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 48...57: true
    case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "%"): true
    default: false
    }
  }

  /// Returns the only recipient. An address outside printable ASCII is left out rather than changed: the clause is
  /// optional.
  private static func onlyRecipient(_ recipients: [EmailAddress]) -> String? {
    guard recipients.count == 1, let text = recipients.first?.quoted else { return nil }
    let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ">") }
    return isPrintable && !text.isEmpty && text.utf8.count <= 320 ? text : nil
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) {
    append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
