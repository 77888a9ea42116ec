/// Makes a message of which all lines end in a bare LF one of SMTP, piece by piece. Python's smtplib stuffs the dots of
/// such a message behind each LF, as if it were a line end, so they are unstuffed here.
struct BareLF: Hashable, Sendable {
  private enum Position: Hashable {
    /// In a line; the first one from its start, for the decoder has unstuffed its dot.
    case inLine
    case lineStart
    /// Behind a dot that began a line and was left out.
    case dot
  }

  /// A line began with a single dot. Nobody who takes LF for a line end sends that, so what it should mean is unclear,
  /// and unclear content is refused.
  private(set) var isUnclear = false
  private let unstuffs: Bool
  private var position = Position.inLine

  /// - Parameter unstuffs: whether dots are stuffed: behind DATA they are, in the chunks of BDAT not.
  init(unstuffs: Bool) { self.unstuffs = unstuffs }

  /// The next piece, with CRLF everywhere.
  mutating func converted(_ piece: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(piece.count + piece.count / 32)
    for octet in piece {
      switch octet {
      // Only the end of the data may have one, before its LF.
      case 0x0D: continue
      case 0x0A:
        if position == .dot { isUnclear = true }
        result.append(0x0D)
        result.append(0x0A)
        position = unstuffs ? .lineStart : .inLine
      case UInt8(ascii: ".") where position == .lineStart: position = .dot
      default:
        if position == .dot, octet != UInt8(ascii: ".") { isUnclear = true }
        position = .inLine
        result.append(octet)
      }
    }
    return result
  }
}
