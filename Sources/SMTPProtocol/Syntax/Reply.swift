/// An SMTP reply (RFC 5321 section 4.2) with its enhanced status code (RFC 2034, RFC 3463).
///
/// It is an error so that a parser can throw the reply that refuses the command.
package struct Reply: Hashable, Sendable, Error {
  package var code: Int
  package var status: EnhancedStatusCode?
  /// The text, one element per line: printable ASCII without CR and LF. Other octets are replaced when it is sent.
  package var lines: [String]

  package init(_ code: Int, _ status: EnhancedStatusCode? = nil, _ lines: String...) {
    self.init(code, status, lines: lines)
  }

  package init(_ code: Int, _ status: EnhancedStatusCode? = nil, lines: [String]) {
    self.code = code
    self.status = status
    self.lines = lines
  }

  /// True for 2xx: the request was carried out.
  package var isPositive: Bool { (200...299).contains(code) }
  /// True for 4xx: the request may succeed later.
  var isTemporary: Bool { (400...499).contains(code) }
  /// True for 5xx: the request will never succeed.
  package var isPermanent: Bool { (500...599).contains(code) }
}

extension Reply: CustomStringConvertible {
  /// The reply on one line, for logs and reports: `550 5.1.1 no such user`.
  package var description: String {
    let text = lines.count == 1 ? lines[0] : lines.joined(separator: " ")
    var octets: [UInt8] = []
    octets.reserveCapacity(text.utf8.count + 16)
    octets.append(number: code)
    octets.append(UInt8(ascii: " "))
    if let status { octets.append(status) }
    octets.append(contentsOf: text.utf8)
    // The blank after the code or the status.
    if text.isEmpty { octets.removeLast() }
    return String(decoding: octets, as: UTF8.self)
  }
}

extension Reply {
  /// The limit in octets of one reply line with its CRLF (RFC 5321 section 4.5.3.1.5).
  private static let lineLimit = 512

  /// The octets on the wire: `250-first` CRLF `250 last` CRLF, with the status on each line as RFC 2034 section 4
  /// requires.
  ///
  /// Octets that could break the dialogue (CR, LF, 8-bit octets from an upstream reply or a file name) become `?`, and
  /// a line that is too long is cut.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(lines.count * 64)
    if lines.isEmpty { append("", isLast: true, to: &bytes) }
    for index in lines.indices { append(lines[index], isLast: index == lines.count - 1, to: &bytes) }
    return bytes
  }

  private func append(_ line: String, isLast: Bool, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(number: code)
    bytes.append(isLast ? UInt8(ascii: " ") : UInt8(ascii: "-"))
    if let status { bytes.append(status) }
    let text = bytes.count
    bytes.append(contentsOf: line.utf8)
    bytes.removeLast(max(0, bytes.count - start - (Self.lineLimit - 2)))
    for index in text..<bytes.count where !(0x20...0x7E).contains(bytes[index]) { bytes[index] = UInt8(ascii: "?") }
    bytes.append(0x0D)
    bytes.append(0x0A)
  }
}

/// An enhanced status code, `class.subject.detail` (RFC 3463).
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
  package var `class`: Int
  package var subject: Int
  package var detail: Int

  package init(_ class: Int, _ subject: Int, _ detail: Int) {
    self.class = `class`
    self.subject = subject
    self.detail = detail
  }

  /// Parses the code at the start of `text`, e.g. of `5.1.1 no such user` (RFC 3463 section 2: 2, 4 or 5, then one to
  /// three digits twice). Returns nil if there is none.
  package init?(prefixOf text: some StringProtocol) {
    var numbers = (0, 0, 0)
    var digits = 0
    var dots = 0
    prefix: for octet in text.utf8 {
      switch octet {
      case 0x30...0x39 where digits < 3:
        digits += 1
        numbers.2 = numbers.2 * 10 + Int(octet - 0x30)
      case UInt8(ascii: ".") where digits > 0 && dots < 2:
        dots += 1
        digits = 0
        numbers = (numbers.1, numbers.2, 0)
      case UInt8(ascii: " "): break prefix
      default: return nil
      }
    }
    guard dots == 2, digits > 0, [2, 4, 5].contains(numbers.0) else { return nil }
    self.init(numbers.0, numbers.1, numbers.2)
  }

  package var description: String { "\(self.class).\(subject).\(detail)" }
}

// Without strings, for speed: a mail gets seven replies.
extension [UInt8] {
  /// Appends the decimal digits of a number.
  ///
  /// - Parameter number: must not be negative.
  mutating func append(number: Int) {
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
