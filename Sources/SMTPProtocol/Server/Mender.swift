/// Gives the octets of a message the only line ends that may leave (RFC 5321 section 2.3.8), piece by piece: no NUL, no
/// CR and no LF but in CRLF.
///
/// - An LF alone is a line end, and so is an LF behind several CRs (`CR CR LF`).
/// - Any other CR is a blank: it makes no new line, whoever wrote it. NUL is left out.
/// - A field of the header stays the field that it was: where a CR or a NUL stands before its colon, the line goes on as
///   a continuation of the field before it. What is left blank by that is dropped. So nobody who can write such an octet
///   into a header can write a field or end the header with it.
///
/// Python's smtplib and others stuff the dots behind each LF of a message whose lines end in a bare LF, as if it were a
/// line end, so they are unstuffed here; a line that begins with a single dot shows a client that does not (curl).
///
/// Limits: linear, and no memory of its own.
struct Mender: Hashable, Sendable {
  private enum Position: Hashable {
    /// In a line; the first one from its start, for the decoder has unstuffed its dot.
    case inLine
    /// Behind a bare LF.
    case lineStart
    /// Behind a dot that stands there, and is not given out yet.
    case dot
  }

  /// What was mended, for the log.
  private(set) var mended: Mended = []
  /// A line behind a bare LF began with a single dot. Nobody who takes LF for a line end sends that.
  private(set) var hasSingleDot = false
  private var unstuffs: Bool
  private var position = Position.inLine
  /// CRs that were not given out yet.
  private var carriageReturns = 0

  // Of the header, which is in memory as a whole as long as it goes on.
  private var isInHeader = true
  /// Where in the message its last line begins.
  private var lineStart = 0
  private var isDamaged = false
  private var isKnownSafe = false

  /// - Parameter unstuffs: whether dots are stuffed: behind DATA they are, in the chunks of BDAT not.
  init(unstuffs: Bool) { self.unstuffs = unstuffs }

  /// The octets of the message so far were taken away; they were the header at least.
  mutating func forgetHeader() {
    isInHeader = false
    lineStart = 0
  }

  /// Puts the next octets behind `message`, mended.
  mutating func append(_ octets: [UInt8], to message: inout [UInt8]) {
    message.reserveCapacity(message.count + octets.count + octets.count / 32)
    for octet in octets {
      switch octet {
      case 0x0D: carriageReturns += 1
      case 0x0A: endLine(&message)
      case 0:
        flush(&message)
        mended.insert(.nul)
        if isInHeader { protectLine(&message) }
        position = .inLine
      case UInt8(ascii: ".") where position == .lineStart && carriageReturns == 0: position = .dot
      default:
        // Nearly always there is nothing to be given out before it.
        if carriageReturns > 0 || position == .dot { flush(&message, before: octet) }
        position = .inLine
        message.append(octet)
      }
    }
  }

  /// The message is complete: a CR at its end ends its last line.
  mutating func end(_ message: inout [UInt8]) {
    if carriageReturns > 0 { mended.insert(.bareCR) }
    carriageReturns = 0
    flush(&message)
  }

  /// Gives out what was kept back: a dot, and CRs that end no line.
  private mutating func flush(_ message: inout [UInt8], before octet: UInt8? = nil) {
    if position == .dot {
      // Of a stuffed dot the second one is given out.
      if carriageReturns == 0, octet == UInt8(ascii: "."), unstuffs { return position = .inLine }
      giveDot(&message)
    }
    guard carriageReturns > 0 else { return }
    mended.insert(.bareCR)
    for _ in 0..<carriageReturns {
      if isInHeader { protectLine(&message) }
      message.append(0x20)
    }
    carriageReturns = 0
  }

  private mutating func giveDot(_ message: inout [UInt8]) {
    hasSingleDot = true
    unstuffs = false
    position = .inLine
    message.append(UInt8(ascii: "."))
  }

  private mutating func endLine(_ message: inout [UInt8]) {
    if position == .dot { giveDot(&message) }
    if carriageReturns > 1 { mended.insert(.bareCR) }
    position = carriageReturns == 0 && unstuffs ? .lineStart : .inLine
    carriageReturns = 0
    if isInHeader, !endsHeaderLine(&message) { return }
    message.append(0x0D)
    message.append(0x0A)
    lineStart = message.count
  }

  // MARK: - The header

  /// Before a CR or NUL of a header line is replaced: what stands in its name makes the line a continuation.
  private mutating func protectLine(_ message: inout [UInt8]) {
    isDamaged = true
    if isKnownSafe { return }
    isKnownSafe = true
    let line = message[lineStart...]
    if let first = line.first, first == 0x20 || first == 0x09 || line.contains(UInt8(ascii: ":")) { return }
    message.insert(0x20, at: lineStart)
  }

  /// Whether there is a line to be ended.
  private mutating func endsHeaderLine(_ message: inout [UInt8]) -> Bool {
    defer { (isDamaged, isKnownSafe) = (false, false) }
    let line = message[lineStart...]
    if isDamaged, line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
      message.removeSubrange(lineStart...)
      return false
    }
    isInHeader = HeaderCheck.isHeaderLine(line)
    return true
  }
}
