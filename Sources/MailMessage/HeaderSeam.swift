/// What has to stand between the trace fields that this hop puts on top (RFC 5321 section 4.4) and a message that does
/// not begin with a header field. Nothing of the message is changed, and none of its lines becomes part of our fields.
package enum HeaderSeam {
  /// Takes in the line behind it, as its value.
  private static let name = Array("X-MailDedup-First-Line: ".utf8)
  /// Takes in a line that begins with a blank, and those that go on with it.
  private static let field = name + Array("the mail began with this:\r\n".utf8)

  /// - Parameter message: its header at least.
  /// - Returns: what stands before it, nothing for nearly every mail:
  ///   - before a line that begins with a blank, above a header: a field that it goes on; before an mbox `From ` line
  ///     there: a field name. The header goes on below;
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
    /// Where the next one begins.
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
