#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

import MailMessage

/// Reads the message behind DATA up to CRLF.CRLF, taking the stuffed dots away (RFC 5321 section 4.5.2), or from the
/// chunks of BDAT (RFC 3030).
///
/// Promises: only CRLF.CRLF ends the data of DATA, however it is cut into pieces. Whatever else some server somewhere
/// takes for the end (LF.LF, LF.CRLF, CR.CR, CRLF.LF …) is content: a message that this server and the next read
/// differently is how a second mail is smuggled in the first. Content with NUL, a bare CR, or both CRLF and bare LF is
/// refused at the end, or mended for clients that may send it (`Mender`). Content of which all lines end in a bare LF is
/// taken from everybody and gets CRLF: Python's smtplib sends a message that it is given as bytes like this
/// (`sendmail(from, to, message.as_bytes())`), and every MTA takes it.
///
/// Limits: `limits.messageSize` and `limits.headerBlock`, and `spillSize` octets of memory behind the header. A fault
/// never stops the reading. If we stopped early, the rest of the mail would be read as commands, and whoever wrote the
/// mail would be talking to us.
struct MessageDecoder: Hashable, Sendable {
  /// How the end is found.
  enum Framing: Hashable, Sendable {
    case dots
    case chunks
  }

  /// What is wrong with the data so far.
  struct Faults: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    static let tooLarge = Faults(rawValue: 1)
    static let nul = Faults(rawValue: 2)
    static let bareLF = Faults(rawValue: 4)
    static let bareCR = Faults(rawValue: 8)
    /// There was no memory for it.
    static let noRoom = Faults(rawValue: 16)

    /// What can be mended.
    static let octets: Faults = [.nul, .bareLF, .bareCR]
  }

  private enum Position: Hashable {
    /// At the first octet of a line.
    case lineStart
    /// Inside a line; a bare LF leaves us here, for it ends no line.
    case inLine
    /// Behind a CR inside a line.
    case carriageReturn
    /// Behind a dot that began a line. It is never content: it was stuffed, or it ends the data.
    case dot
    /// Behind such a dot and a CR.
    case dotCarriageReturn
  }

  /// Octets of the message that are kept in memory before they are spilled. Error mail is smaller, nearly always.
  static let spillSize = 256 * 1024
  /// The same while memory is scarce.
  private static let scarceSize = 16 * 1024
  /// The same once some of it was spilled: then nothing is gained by keeping more.
  private static let pieceSize = 64 * 1024
  /// Room for what one read may bring beyond those, so that the array does not double.
  private static let readSize = 64 * 1024

  /// Whether faults that can be mended are mended. The other ones, and all of them where this is false, refuse it.
  private let mends: Bool
  private(set) var faults: Faults = []
  private(set) var isComplete = false
  /// Octets that came in, for the rate.
  private(set) var octets = 0
  private let framing: Framing
  private let limits: SessionLimits
  /// What was not spilled of the message; empty once it is certain that it is refused, for then it need not take memory.
  private var message: [UInt8] = []
  /// So many octets of `message` are as they leave. Behind them stands what came since, while nothing had to be mended.
  private var ready = 0
  private var size = 0
  private var lastOctet: UInt8 = 0
  private var position = Position.lineStart
  private var hasCRLF = false
  /// All lines so far end in a bare LF, or there is a fault.
  private var hasBareLF = false
  private var mender: Mender
  private var hasSpilled = false
  private var header = HeaderCheck.Finding.unfinished
  /// How long `message` has to be to look at the header again: looking at each new octet would take quadratic time.
  private var nextHeaderCheck = scarceSize

  /// - Parameter declaredSize: never trusted beyond `spillSize`: a client may declare 25 MiB a hundred times and send
  ///   nothing.
  init(_ framing: Framing, limits: SessionLimits, declaredSize: Int?, mends: Bool = false) {
    self.framing = framing
    self.limits = limits
    self.mends = mends
    mender = Mender(unstuffs: framing == .dots)
    message.reserveCapacity(min(declaredSize ?? 16 * 1024, Self.spillSize + Self.readSize))
  }

  /// Takes octets up to the end of the data at most. Only octets of the chunk are for a message of chunks.
  ///
  /// - Returns: how many were taken; all of them unless `isComplete`.
  mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, !isComplete else { return 0 }
    var index = passPlainLines(bytes)
    // [run, index) is content that still has to be appended; long runs make few appends.
    var run = 0
    while index < bytes.count, !isComplete {
      switch position {
      case .lineStart:
        guard framing == .dots, bytes[index] == UInt8(ascii: ".") else { beginContent(); continue }
        append(bytes, run, index)
        index += 1
        run = index
        position = .dot
      case .dot:
        guard bytes[index] == 0x0D else { beginContent(); continue }
        index += 1
        run = index
        position = .dotCarriageReturn
      case .dotCarriageReturn:
        guard bytes[index] == 0x0A else {
          faults.insert(.bareCR)
          [0x0D].withUnsafeBytes { append($0, 0, 1) }
          position = .inLine
          continue
        }
        index += 1
        run = index
        isComplete = true
      case .carriageReturn:
        guard bytes[index] == 0x0A else { faults.insert(.bareCR); position = .inLine; continue }
        index += 1
        endLine()
      case .inLine: index = consumeLine(base, from: index, count: bytes.count)
      }
    }
    append(bytes, run, index)
    if memchr(base, 0, index) != nil { faults.insert(.nul) }
    if index > 0 { lastOctet = bytes[index - 1] }
    octets += index
    mend()
    return index
  }

  /// Whether the message will not be handed over, whatever follows.
  private var isRefused: Bool { !(mends ? faults.subtracting(.octets) : faults).isEmpty || hasBadHeader }

  /// Sees to what was appended: it is left as it is, mended, or dropped.
  private mutating func mend() {
    if isRefused {
      message = []
      return ready = 0
    }
    guard hasBareLF || !faults.isEmpty else { return }
    // A copy of the new octets, so that all others stay where they are.
    let new = Array(message[ready...])
    message.removeSubrange(ready...)
    mender.append(new, to: &message)
    ready = message.count
  }

  /// Passes over all octets but for the last ones if they are content as they stand, which most of most messages is.
  /// Whatever is unusual about them is found by the look at each line.
  private mutating func passPlainLines(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard position == .lineStart || position == .inLine, !hasBareLF, let first = bytes.first, first != 0x0A
    else { return 0 }
    if position == .lineStart, first == UInt8(ascii: ".") { return 0 }
    // CRLF.CRLF may stand at the end.
    let plain = UnsafeRawBufferPointer(rebasing: bytes.dropLast(5))
    guard let last = plain.last else { return 0 }
    let lineEnds = LineEnds(plain)
    guard lineEnds.arePaired, !lineEnds.precedeDots else { return 0 }
    if lineEnds.exist { hasCRLF = true }
    position = last == 0x0A ? .lineStart : last == 0x0D ? .carriageReturn : .inLine
    return plain.count
  }

  /// Takes the line up to and with its LF, or what there is of it.
  private mutating func consumeLine(_ base: UnsafeRawPointer, from index: Int, count: Int) -> Int {
    let end = memchr(base + index, 0x0A, count - index).map { base.distance(to: UnsafeRawPointer($0)) }
    let stop = end ?? count
    let endsInCR = stop > index && base.load(fromByteOffset: stop - 1, as: UInt8.self) == 0x0D
    let inner = stop - index - (endsInCR ? 1 : 0)
    // The line is left behind as a whole even when it is full of CRs: looking for the LF again behind each of them
    // would take quadratic time.
    if memchr(base + index, 0x0D, inner) != nil { faults.insert(.bareCR) }
    guard end != nil else {
      position = endsInCR ? .carriageReturn : .inLine
      return stop
    }
    if endsInCR { endLine() } else { passBareLF() }
    return stop + 1
  }

  private mutating func beginContent() {
    // A CRLF behind bare LFs is only good as the beginning of the end.
    if hasBareLF, hasCRLF { faults.insert(.bareLF) }
    position = .inLine
  }

  private mutating func endLine() {
    hasCRLF = true
    position = .lineStart
  }

  private mutating func passBareLF() {
    hasBareLF = true
    if hasCRLF { faults.insert(.bareLF) }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    guard end > start else { return }
    size += end - start
    if size > limits.messageSize { faults.insert(.tooLarge) }
    guard !isRefused else { return }
    message.append(contentsOf: bytes[start..<end])
  }
}

extension MessageDecoder {
  /// Octets of memory that the message takes.
  var memory: Int { message.count }

  /// What had to be mended of the message so far.
  var mended: Mended {
    var mended = mender.mended
    if faults.contains(.nul) { mended.insert(.nul) }
    if faults.contains(.bareCR) { mended.insert(.bareCR) }
    if faults.contains(.bareLF) { mended.insert(.mixedLineEnds) }
    return mended
  }

  /// There is no memory for it: the rest is read and forgotten, and the message refused.
  mutating func giveUp() {
    faults.insert(.noRoom)
    mend()
  }

  /// Octets to be kept elsewhere, in the order in which they are given out; nil while there is no need. A header is
  /// never spilled before it is known to be good.
  ///
  /// - Parameter isScarce: whether there is little memory left, so that less of it is used.
  mutating func spilled(isScarce: Bool = false) -> [UInt8]? {
    let most = isScarce ? Self.scarceSize : hasSpilled ? Self.pieceSize : Self.spillSize
    guard message.count >= most, !isRefused else { return nil }
    if header == .unfinished, message.count >= nextHeaderCheck {
      header = HeaderCheck.finding(in: message, limits: limits)
      nextHeaderCheck = message.count * 2
    }
    switch header {
    case .good:
      hasSpilled = true
      return takePiece()
    case .fault: message = []
    case .unfinished: break
    }
    return nil
  }

  /// The last chunk was taken.
  mutating func endOfChunks() {
    isComplete = true
    if position == .carriageReturn { faults.insert(.bareCR) }
    mend()
    mender.end(&message)
    // A message ends in a line end; DATA sees to that, BDAT does not.
    guard !isRefused, size > 0, lastOctet != 0x0A else { return }
    message += [0x0D, 0x0A]
  }

  /// What was not spilled of the complete message.
  ///
  /// - Throws: the reply that refuses it. In this order, so that it does not depend on how the data was cut.
  mutating func finished() throws(Reply) -> [UInt8] {
    if faults.contains(.tooLarge) { throw .tooLarge(limits.messageSize) }
    if faults.contains(.noRoom) { throw .noRoom }
    if !mends {
      if faults.contains(.nul) { throw .nulInMessage }
      if faults.contains(.bareCR) { throw .bareCarriageReturn }
      if faults.contains(.bareLF) { throw .bareLineFeedInMessage }
      if mender.hasSingleDot { throw .unstuffedDot }
    }
    if header == .unfinished { header = HeaderCheck.finding(in: message, limits: limits) }
    defer { message = [] }
    switch header {
    case .fault(.tooLarge): throw .headerTooLarge(limits.headerBlock)
    case .fault(.loop): throw .loop
    case .good, .unfinished: return message
    }
  }

  private var hasBadHeader: Bool {
    if case .fault = header { true } else { false }
  }

  /// All of it but a CR at its end, which may turn out to be bare.
  private mutating func takePiece() -> [UInt8] {
    var piece = message
    message = []
    message.reserveCapacity(Self.pieceSize + Self.readSize)
    if piece.last == 0x0D { message.append(piece.removeLast()) }
    ready = 0
    mender.forgetHeader()
    return piece
  }
}
