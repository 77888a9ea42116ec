import MailMessage

/// Repairs the octets of a message, piece by piece, so that it has only the line ends that may leave (RFC 5321 section
/// 2.3.8): no NUL, and no CR or LF outside of CRLF.
///
/// - A lone LF is a line end, and so is an LF after several CRs (`CR CR LF`).
/// - Any other CR becomes a blank: it makes no new line, whoever wrote it. NUL is left out.
/// - A header field stays the field that it was: if a CR or a NUL stands before its colon, the line becomes a
///   continuation of the field before it. A line left blank by a repair is dropped. So an attacker who can write such
///   an octet into a header can neither write a field nor end the header with it.
///
/// Python's smtplib and others stuff the dots after each LF of a message whose lines end in a bare LF, as if it were a
/// line end, so they are unstuffed here. A line that begins with a single dot reveals a client that does not stuff
/// (curl).
///
/// Limits: linear time, and no memory of its own.
struct Mender: Hashable, Sendable {
  private enum Position: Hashable {
    /// An octet inside a line; in the first line from its start, since the decoder has unstuffed its dot.
    case inLine
    /// The start of a line after a bare LF.
    case lineStart
    /// The octet after a dot at such a start; the dot is not given out yet.
    case dot
  }

  /// The repairs so far, for the log.
  private(set) var mended: Mended = []
  /// True if a line after a bare LF began with a single dot. A client that takes LF for a line end never sends that.
  private(set) var hasSingleDot = false
  private var unstuffs: Bool
  private var position = Position.inLine
  /// The number of CRs that have not been given out yet.
  private var carriageReturns = 0

  // The state of the header, which stays in memory as a whole until it ends.
  private var isInHeader = true
  private var header = HeaderScanner()
  /// The start of the last line in the message.
  private var lineStart = 0
  private var isDamaged = false
  private var isKnownSafe = false

  /// - Parameter unstuffs: true if dots are stuffed, as they are after DATA but not in the chunks of BDAT.
  init(unstuffs: Bool) { self.unstuffs = unstuffs }

  /// Notes that the octets of the message so far, which include at least the header, were taken away.
  mutating func forgetHeader() {
    isInHeader = false
    lineStart = 0
  }

  /// Repairs the next octets and appends them to `message`.
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
        // Nearly always nothing has to be given out before it.
        if carriageReturns > 0 || position == .dot { flush(&message, before: octet) }
        position = .inLine
        message.append(octet)
      }
    }
  }

  /// Completes the message: a CR at its end ends its last line.
  mutating func end(_ message: inout [UInt8]) {
    if carriageReturns > 0 { mended.insert(.bareCR) }
    carriageReturns = 0
    flush(&message)
  }

  /// Gives out what was held back: a dot, and CRs that end no line.
  private mutating func flush(_ message: inout [UInt8], before octet: UInt8? = nil) {
    if position == .dot {
      // If the dot was stuffed, only the second one is given out.
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

  /// Prepares a header line for the replacement of a CR or NUL. If that octet is in the field name, the line becomes a
  /// continuation.
  private mutating func protectLine(_ message: inout [UInt8]) {
    isDamaged = true
    if isKnownSafe { return }
    isKnownSafe = true
    let line = message[lineStart...]
    if let first = line.first, first == 0x20 || first == 0x09 || line.contains(UInt8(ascii: ":")) { return }
    message.insert(0x20, at: lineStart)
  }

  /// True if the line is to be ended with CRLF; false if it was left blank and dropped.
  private mutating func endsHeaderLine(_ message: inout [UInt8]) -> Bool {
    defer { (isDamaged, isKnownSafe) = (false, false) }
    let line = message[lineStart...]
    if isDamaged, line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
      message.removeSubrange(lineStart...)
      return false
    }
    isInHeader = header.kind(of: lineStart..<message.count, in: message.span).isInHeader
    return true
  }
}
