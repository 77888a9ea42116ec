/// A parser that cuts the octets of a server into replies (RFC 5321 section 4.2).
///
/// It takes what real servers send: a bare LF at the end of a line, a code without text. It reports as garbled what
/// cannot be a reply; the connection is of no use afterwards.
///
/// Limits: 4096 octets per line, 256 lines per reply.
struct ReplyParser: Hashable, Sendable {
  /// The text that the server sent instead of a reply, made printable.
  struct Garbled: Error, Hashable, Sendable { let text: String }

  static let lineLimit = 4096
  static let linesLimit = 256

  private var bytes: [UInt8] = []
  private var code = 0
  private var lines: [String] = []

  /// True if there are no octets left that belong to no complete reply.
  var isEmpty: Bool { bytes.isEmpty && lines.isEmpty }

  /// The beginning of the octets left over, made printable.
  var preview: String { Self.printable(bytes.prefix { $0 != 0x0D && $0 != 0x0A }.prefix(80)) }

  mutating func append(_ new: UnsafeRawBufferPointer) { bytes.append(contentsOf: new) }

  /// Returns the next complete reply, or nil if more octets are needed.
  mutating func next() throws(Garbled) -> Reply? {
    var start = 0
    defer { bytes.removeFirst(start) }
    while let end = bytes[start...].firstIndex(of: 0x0A), end - start < Self.lineLimit {
      let line = bytes[start..<end]
      start = end + 1
      if let reply = try take(line.last == 0x0D ? line.dropLast() : line) { return reply }
    }
    // Bounds what a server can make us keep: a line without end, or everything it sent after a reply.
    if bytes.count - start >= Self.lineLimit { throw Garbled(text: Self.printable(bytes[start...].prefix(80))) }
    return nil
  }

  private mutating func take(_ line: ArraySlice<UInt8>) throws(Garbled) -> Reply? {
    let digits = line.prefix(3)
    let separator = line.dropFirst(3).first
    guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }),
      separator == nil || separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-")
    else { throw Garbled(text: Self.printable(line.prefix(80))) }
    let number = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    // RFC 5321 section 4.2.1: all lines of a reply have the same code.
    guard (200...599).contains(number), lines.isEmpty || number == code, lines.count < Self.linesLimit else {
      throw Garbled(text: Self.printable(line.prefix(80)))
    }
    code = number
    lines.append(Self.printable(line.dropFirst(4)))
    if separator == UInt8(ascii: "-") { return nil }
    defer { lines = [] }
    return Self.reply(code, lines)
  }

  /// Takes the enhanced status code out of the lines, if there is one and its class agrees with the code.
  private static func reply(_ code: Int, _ lines: [String]) -> Reply {
    guard let first = lines.first, let status = EnhancedStatusCode(prefixOf: first), status.class == code / 100 else {
      return Reply(code, nil, lines: lines)
    }
    let prefix = "\(status)"
    return Reply(
      code, status,
      lines: lines.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.utf8.count).drop { $0 == " " }) : $0 })
  }

  /// Returns the octets as printable ASCII: the replies of the next hop go into logs, bounces and terminals.
  private static func printable(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
