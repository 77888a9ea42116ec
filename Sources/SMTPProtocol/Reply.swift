/// An SMTP reply (RFC 5321 section 4.2) with its enhanced status code (RFC 2034, RFC 3463).
///
/// It is an error so that a parser can throw the reply that refuses the command.
package struct Reply: Hashable, Sendable, Error {
  package var code: Int
  package var status: EnhancedStatusCode?
  /// One element a line; printable ASCII without CR and LF. What is not is replaced when the reply is sent.
  package var lines: [String]

  package init(_ code: Int, _ status: EnhancedStatusCode? = nil, _ lines: String...) {
    self.init(code, status, lines: lines)
  }

  package init(_ code: Int, _ status: EnhancedStatusCode? = nil, lines: [String]) {
    self.code = code
    self.status = status
    self.lines = lines
  }

  /// 2xx: the request was carried out.
  package var isPositive: Bool { (200...299).contains(code) }
  /// 4xx: it may work later.
  package var isTemporary: Bool { (400...499).contains(code) }
  /// 5xx: it never will.
  package var isPermanent: Bool { (500...599).contains(code) }
}

extension Reply: CustomStringConvertible {
  /// On one line, for logs and reports: `550 5.1.1 no such user`.
  package var description: String {
    let text = lines.joined(separator: " ")
    return "\(code)" + (status.map { " \($0)" } ?? "") + (text.isEmpty ? "" : " " + text)
  }
}

extension Reply {
  /// RFC 5321 section 4.5.3.1.5: octets of one reply line with its CRLF.
  private static let lineLimit = 512

  /// The octets on the wire: `250-first` CRLF `250 last` CRLF, the status on each line as RFC 2034 section 4 asks.
  ///
  /// Whatever could break the dialogue (CR, LF, 8-bit octets from an upstream reply or a file name) becomes `?`, and
  /// a line that is too long is cut.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    for (index, line) in (lines.isEmpty ? [""] : lines).enumerated() {
      let isLast = index >= lines.count - 1
      let start = bytes.count
      bytes.append(number: code)
      bytes.append(isLast ? UInt8(ascii: " ") : UInt8(ascii: "-"))
      if let status { bytes.append(status) }
      let room = Self.lineLimit - 2 - (bytes.count - start)
      for byte in line.utf8.prefix(room) { bytes.append((0x20...0x7E).contains(byte) ? byte : UInt8(ascii: "?")) }
      bytes.append(0x0D)
      bytes.append(0x0A)
    }
    return bytes
  }
}

/// `class.subject.detail` of RFC 3463.
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
  package var `class`: Int
  package var subject: Int
  package var detail: Int

  package init(_ class: Int, _ subject: Int, _ detail: Int) {
    self.class = `class`
    self.subject = subject
    self.detail = detail
  }

  /// The code at the start of `text`, e.g. of `5.1.1 no such user` (RFC 3463 section 2: 2, 4 or 5, then one to three
  /// digits twice), or nil.
  package init?(prefixOf text: some StringProtocol) {
    let parts = text.prefix { $0 != " " }.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.utf8.count) }) else { return nil }
    let numbers = parts.compactMap { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil }
    guard numbers.count == 3, [2, 4, 5].contains(numbers[0]) else { return nil }
    self.init(numbers[0], numbers[1], numbers[2])
  }

  package var description: String { "\(self.class).\(subject).\(detail)" }
}

// Without strings: a mail gets seven replies.
extension [UInt8] {
  /// - Parameter number: not negative.
  fileprivate mutating func append(number: Int) {
    if number >= 10 { append(number: number / 10) }
    append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
  }

  fileprivate mutating func append(_ status: EnhancedStatusCode) {
    append(number: status.class)
    append(UInt8(ascii: "."))
    append(number: status.subject)
    append(UInt8(ascii: "."))
    append(number: status.detail)
    append(UInt8(ascii: " "))
  }
}
