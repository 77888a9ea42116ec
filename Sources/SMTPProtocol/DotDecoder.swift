#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reads the data behind DATA up to CRLF.CRLF and takes the stuffed dots away (RFC 5321 section 4.5.2).
///
/// Promises: only CRLF.CRLF ends the data, however it is cut into chunks. Whatever else some server somewhere takes for
/// the end (LF.LF, LF.CRLF, CR.CR, CRLF.LF …) is content: a message that this server and the next read differently is
/// how a second mail is smuggled in the first. Content with NUL, a bare CR, or both CRLF and bare LF is refused at the
/// end; content of which all lines end in a bare LF is taken, see `uniformLF`.
///
/// Limits: `limit` octets of message. A fault never stops the reading. If we stopped early, the rest of the mail
/// would be read as commands, and whoever wrote the mail would be talking to us.
struct DotDecoder: Hashable, Sendable {
  /// What is wrong with the data so far.
  struct Faults: OptionSet, Hashable, Sendable {
    let rawValue: UInt8
    static let tooLarge = Faults(rawValue: 1)
    static let nul = Faults(rawValue: 2)
    static let bareLF = Faults(rawValue: 4)
    static let bareCR = Faults(rawValue: 8)
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

  /// The message so far; empty once there is a fault, for it will be refused and need not take memory.
  private(set) var message: [UInt8] = []
  private(set) var faults: Faults = []
  private(set) var isComplete = false
  /// Octets that came in, for the rate.
  private(set) var octets = 0
  private var size = 0
  private let limit: Int
  private var position = Position.lineStart
  private var hasCRLF = false
  private var hasBareLF = false

  /// Never trusted beyond this: a client may declare 25 MiB a hundred times and send nothing.
  private static let reservationLimit = 256 * 1024

  init(limit: Int, declaredSize: Int?) {
    self.limit = limit
    message.reserveCapacity(min(declaredSize ?? 16 * 1024, Self.reservationLimit))
  }

  /// All lines end in a bare LF, but for the CRLF that belongs to the end of the data. Python's smtplib sends a message
  /// that it is given as bytes like this (`sendmail(from, to, message.as_bytes())`), and every MTA takes it, so
  /// `message` has to pass `BareLF.normalized` before it is handed on. The mixture of both kinds is what
  /// smuggling needs, and no client has a use for it.
  var uniformLF: Bool { hasBareLF }

  /// Takes octets up to the end of the data at most.
  ///
  /// - Returns: how many were taken; all of them unless `isComplete`.
  mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, !isComplete else { return 0 }
    var index = 0
    // [run, index) is content that still has to be appended; long runs make few appends.
    var run = 0
    while index < bytes.count, !isComplete {
      switch position {
      case .lineStart:
        guard bytes[index] == UInt8(ascii: ".") else { beginContent(); continue }
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
          // The CR that was left out of the content does not matter any more: the message is refused.
          faults.insert(.bareCR)
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
    if !faults.isEmpty { message = [] }
    octets += index
    return index
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
    if size > limit { faults.insert(.tooLarge) }
    guard faults.isEmpty else { return }
    message.append(contentsOf: bytes[start..<end])
  }
}
