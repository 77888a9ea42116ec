import Glibc

import MailMessage

/// Reads a message after DATA up to CRLF.CRLF and unstuffs its dots (RFC 5321 section 4.5.2), or reads it from the
/// chunks of BDAT (RFC 3030).
///
/// Promises: only CRLF.CRLF ends the data of DATA, however it is cut into pieces. Every other sequence that some server
/// takes for the end (LF.LF, LF.CRLF, CR.CR, CRLF.LF …) is content: if this server and the next read a message
/// differently, a second mail can be smuggled in the first. Content with NUL, a bare CR, or both CRLF and bare LF is
/// refused at the end, or repaired for clients that may send it (`Mender`). Content whose lines all end in a bare LF is
/// accepted from every client and gets CRLF: Python's smtplib sends a message given as bytes like this
/// (`sendmail(from, to, message.as_bytes())`), and every MTA accepts it.
///
/// Limits: `limits.messageSize` and `limits.headerBlock`, and `spillSize` octets of memory after the header. A fault
/// never stops the reading: else the rest of the mail would be read as commands, and its author would be talking to us.
struct MessageDecoder: Hashable, Sendable {
  /// The way in which the end of the message is found.
  enum Framing: Hashable, Sendable {
    case dots
    case chunks
  }

  /// The faults of the data so far.
  struct Faults: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    static let tooLarge = Faults(rawValue: 1)
    static let nul = Faults(rawValue: 2)
    static let bareLF = Faults(rawValue: 4)
    static let bareCR = Faults(rawValue: 8)
    /// No memory was left for the message.
    static let noRoom = Faults(rawValue: 16)

    /// The faults that can be repaired.
    static let octets: Faults = [.nul, .bareLF, .bareCR]
  }

  enum Position: Hashable {
    /// The first octet of a line.
    case lineStart
    /// An octet inside a line; a bare LF leaves the position here because it ends no line.
    case inLine
    /// The octet after a CR inside a line.
    case carriageReturn
    /// The octet after a dot that began a line. The dot is never content: it was stuffed, or it ends the data.
    case dot
    /// The octet after such a dot and a CR.
    case dotCarriageReturn
  }

  /// The octets of a message that are kept in memory before they are spilled. Error mail is nearly always smaller.
  static let spillSize = 256 * 1024
  /// The limit in place of `spillSize` while memory is scarce.
  static let scarceSize = 16 * 1024
  /// The limit once part of the message was spilled: keeping more gains nothing then.
  static let pieceSize = 64 * 1024
  /// The room for one read beyond those limits, so that the array does not double.
  static let readSize = 64 * 1024

  /// True if repairable faults are repaired. All other faults, and every fault if this is false, refuse the message.
  let mends: Bool
  var faults: Faults = []
  var isComplete = false
  /// The number of octets received, for the rate.
  private(set) var octets = 0
  private let framing: Framing
  let limits: SessionLimits
  /// The part of the message not spilled yet; emptied once it is certain to be refused, to free the memory.
  var message: [UInt8] = []
  /// The number of octets of `message` in final form. New octets follow them as long as nothing needs repair.
  var ready = 0
  var size = 0
  var lastOctet: UInt8 = 0
  var position = Position.lineStart
  private var hasCRLF = false
  /// True if there was a bare LF: all lines so far end in one, or there is a fault.
  private var hasBareLF = false
  var mender: Mender
  var hasSpilled = false
  var header = HeaderCheck.Finding.unfinished
  /// The size of `message` at which the header is examined next: doing so for each new octet would take quadratic time.
  var nextHeaderCheck = scarceSize

  /// - Parameter declaredSize: never trusted beyond `spillSize`: a client may declare 25 MiB a hundred times and send
  ///   nothing.
  init(_ framing: Framing, limits: SessionLimits, declaredSize: Int?, mends: Bool = false) {
    self.framing = framing
    self.limits = limits
    self.mends = mends
    mender = Mender(unstuffs: framing == .dots)
    message.reserveCapacity(min(declaredSize ?? 16 * 1024, Self.spillSize + Self.readSize))
  }

  /// Takes octets up to the end of the data at most. With chunks, only octets of the chunk may be passed.
  ///
  /// - Returns: the number of octets taken; all of them unless `isComplete`.
  mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, !isComplete else { return 0 }
    var index = passPlainLines(bytes)
    // [run, index) is content that is yet to be appended; long runs make few appends.
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

  /// True if the message will be refused, whatever follows.
  var isRefused: Bool { !(mends ? faults.subtracting(.octets) : faults).isEmpty || hasBadHeader }

  /// Keeps, repairs or drops the octets that were just appended.
  mutating func mend() {
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

  /// Skips all octets except the last few if they are content as they stand, as most octets of most messages are.
  /// Anything unusual in them is left to the inspection line by line.
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

  /// Takes the line up to and including its LF, or as much of it as there is.
  private mutating func consumeLine(_ base: UnsafeRawPointer, from index: Int, count: Int) -> Int {
    let end = memchr(base + index, 0x0A, count - index).map { base.distance(to: UnsafeRawPointer($0)) }
    let stop = end ?? count
    let endsInCR = stop > index && base.load(fromByteOffset: stop - 1, as: UInt8.self) == 0x0D
    let inner = stop - index - (endsInCR ? 1 : 0)
    // The line is skipped as a whole even if it is full of CRs: searching for the LF again after each of them would
    // take quadratic time.
    if memchr(base + index, 0x0D, inner) != nil { faults.insert(.bareCR) }
    guard end != nil else {
      position = endsInCR ? .carriageReturn : .inLine
      return stop
    }
    if endsInCR { endLine() } else { passBareLF() }
    return stop + 1
  }

  private mutating func beginContent() {
    // A CRLF after bare LFs is valid only as the beginning of the end.
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

  mutating func append(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) {
    guard end > start else { return }
    size += end - start
    if size > limits.messageSize { faults.insert(.tooLarge) }
    guard !isRefused else { return }
    message.append(contentsOf: bytes[start..<end])
  }
}
