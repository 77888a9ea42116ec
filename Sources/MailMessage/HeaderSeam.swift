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
    guard let first = message.first, first != 0x0D, first != 0x0A else { return [] }
    let line = Line(message, from: 0)
    if line.isField(message) { return [] }
    let isMailbox = message.starts(with: "From ".utf8) || message.starts(with: ">From ".utf8)
    guard isMailbox || first.isSpaceOrTab else { return [0x0D, 0x0A] }
    var next = line.next
    while next < message.count, message[next].isSpaceOrTab { next = Line(message, from: next).next }
    guard next < message.count, Line(message, from: next).isField(message) else { return [0x0D, 0x0A] }
    return isMailbox ? name : field
  }

  private struct Line {
    let text: Range<Int>
    /// The start of the next line.
    let next: Int

    init(_ message: [UInt8], from start: Int) {
      let end = message.withUnsafeBytes { $0.firstIndex(of: 0x0A, in: start..<message.count) }
      text = start..<end
      next = min(end + 1, message.count)
    }

    func isField(_ message: [UInt8]) -> Bool {
      !message[text.lowerBound].isSpaceOrTab && HeaderScan.field(in: text, message) != nil
    }
  }
}

extension UInt8 {
  fileprivate var isSpaceOrTab: Bool { self == 0x20 || self == 0x09 }
}
