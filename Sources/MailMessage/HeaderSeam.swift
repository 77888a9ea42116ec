/// The octets needed between the trace fields that this hop puts on top (RFC 5321 section 4.4) and a message that does
/// not begin with a header field. The message is not changed, and none of its lines becomes part of our fields.
package enum HeaderSeam {
  /// A field name that takes the line after it as its value.
  private static let name = Array("X-MailDedup-First-Line: ".utf8)
  /// A field that takes in a line that begins with a space or tab, and its continuation lines.
  private static let field = name + Array("the mail began with this:\r\n".utf8)

  /// Returns the octets to put before a message.
  ///
  /// - Parameter message: at least the header of the message.
  /// - Returns: the octets, none for nearly every mail:
  ///   - before a line that begins with a space or tab, above a header: a field that it continues; before an mbox
  ///     `From ` line there: a field name. The header goes on below;
  ///   - before anything else that is no field: the empty line that ends the header (RFC 5322 section 2.1).
  package static func octets(before message: [UInt8]) -> [UInt8] {
    let bytes = message.span
    var scanner = HeaderScanner()
    var line = scanner.line(bytes, at: 0, before: bytes.count)
    if case .field = line.kind { return [] }
    if line.kind == .end { return [] }
    while line.kind == .stray, line.next < bytes.count {
      line = scanner.line(bytes, at: line.next, before: bytes.count)
    }
    guard case .field = line.kind else { return [0x0D, 0x0A] }
    return bytes[0] == 0x20 || bytes[0] == 0x09 ? field : name
  }
}
