/// A leaf of a mail's MIME tree: its kind, its encoding, and the position of its bytes.
package struct MIMEPart: Sendable, Equatable {
  package let contentType: ContentType
  package let encoding: TransferEncoding
  /// True for `Content-Disposition: attachment`, or if a file name was given.
  package let isAttachment: Bool
  /// The value of `Content-Disposition`, a range into the mail; nil if there is none.
  package let disposition: Range<Int>?
  /// The encoded body, a range into the mail.
  package let body: Range<Int>
}

/// The reason why the tree of a mail could not be walked to its end.
package enum MIMEFault: Error, Sendable, Equatable {
  case tooDeep, tooManyParts
  /// A multipart without a usable boundary, or a part that no boundary closes: the mail was cut.
  case noBoundary
}

/// Walks the leaves of a mail in order.
///
/// Limits: `depth` nested multiparts, `parts` parts. Linear in the mail, however deep it nests: each line is compared
/// with all open boundaries at once.
package struct MIMEWalker {
  package enum Step: Sendable { case proceed, stop }

  private let depth: Int
  private var left: Int
  private var open = OpenBoundaries()
  /// The number of octets examined.
  package private(set) var work = 0

  package init(depth: Int = 100, parts: Int = 1000) {
    self.depth = depth
    left = parts
  }

  /// The part that is being read: its header is known, its end is not.
  private struct Pending {
    var type: ContentType
    var header: HeaderBlock
  }

  /// Calls `visit` for each leaf until it returns `.stop`. If it throws, everything before the fault has been visited.
  package mutating func walk(
    _ bytes: borrowing Span<UInt8>, header: HeaderBlock, end: Int, visit: (MIMEPart) -> Step
  ) throws(MIMEFault) {
    open = OpenBoundaries()
    if let part = try begin(bytes, header) {
      _ = visit(leaf(bytes, part, end: end))
    } else {
      try walkParts(bytes, from: header.bodyStart, end: end, visit: visit)
    }
  }

  /// Begins a part. Returns nil for a multipart, which is opened.
  private mutating func begin(_ bytes: borrowing Span<UInt8>, _ header: HeaderBlock) throws(MIMEFault) -> Pending? {
    guard open.count < depth else { throw .tooDeep }
    guard left > 0 else { throw .tooManyParts }
    left -= 1
    var type = ContentType.missing
    if let value = header.value(of: "content-type", in: bytes) { type = ContentType(bytes, value: value) }
    guard type.isMultipart else { return Pending(type: type, header: header) }
    guard let boundary = type.boundary, !boundary.isEmpty else { throw .noBoundary }
    open.push(boundary)
    return nil
  }

  /// Walks the parts of the open multiparts (RFC 2046, 5.1.1): parts are between lines `--boundary`; the last is closed
  /// by `--boundary--`.
  private mutating func walkParts(
    _ bytes: borrowing Span<UInt8>, from start: Int, end: Int, visit: (MIMEPart) -> Step
  ) throws(MIMEFault) {
    var index = start
    var partStart = start
    var pending: Pending?
    var candidates = 0
    while let start = Self.nextCandidate(bytes, from: index, end: end) {
      let line = bytes.line(at: start, before: end)
      let next = Swift.max(bytes.next(after: line, before: end), start + 1)
      work += next - index
      index = start
      candidates += 1
      guard candidates <= Self.mostCandidates else { throw .tooManyParts }
      guard let delimiter = open.delimiter(bytes, line) else {
        index = next
        continue
      }
      // Inner multiparts that were never closed were cut.
      guard delimiter.level == open.count - 1 else { throw .noBoundary }
      if let part = pending {
        let contentEnd = Self.contentEnd(bytes, before: index, from: partStart)
        if visit(leaf(bytes, part, end: contentEnd)) == .stop { return }
        pending = nil
      }
      index = next
      if delimiter.isLast {
        guard open.hasParts else { throw .noBoundary }
        open.pop()
        if open.count == 0 { return }
        continue
      }
      open.notePart()
      partStart = next
      let header = HeaderBlock(bytes, in: next..<headerEnd(bytes, from: next, end: end))
      pending = try begin(bytes, header)
      index = Swift.max(next, Swift.min(header.bodyStart, end))
    }
    work += Swift.max(0, end - index)
    throw .noBoundary
  }

  /// The maximum number of lines that begin like a delimiter: a mail has no good reason for more.
  private static let mostCandidates = 100_000

  /// Returns the start of the first line that begins with `--`, from the line that begins at `start` on; sixteen octets
  /// at a time. Returns nil if there is none.
  private static func nextCandidate(_ bytes: borrowing Span<UInt8>, from start: Int, end: Int) -> Int? {
    if bytes.has("--", at: start, before: end) { return start }
    return bytes.withUnsafeBytes { octets -> Int? in
      guard let base = octets.baseAddress else { return nil }
      var index = start
      while index &+ 18 <= end {
        let found =
          Self.matches(base + index, 0x0A) & Self.matches(base + index + 1, 0x2D)
          & Self.matches(base + index + 2, 0x2D)
        if found[0] | found[1] != 0 {
          let lane =
            found[0] != 0
            ? found[0].littleEndian.trailingZeroBitCount / 8 : 8 + found[1].littleEndian.trailingZeroBitCount / 8
          return index + lane + 1
        }
        index &+= 16
      }
      while index + 2 < end {
        if octets[index] == 0x0A, octets[index + 1] == 0x2D, octets[index + 2] == 0x2D { return index + 1 }
        index += 1
      }
      return nil
    }
  }

  /// Returns sixteen octets with all bits set where the octet is `octet`.
  @inline(__always)
  private static func matches(_ start: UnsafeRawPointer, _ octet: UInt8) -> SIMD2<UInt64> {
    let octets = start.loadUnaligned(as: SIMD16<UInt8>.self)
    return unsafeBitCast(octets .== SIMD16<UInt8>(repeating: octet), to: SIMD2<UInt64>.self)
  }

  private func leaf(_ bytes: borrowing Span<UInt8>, _ part: Pending, end: Int) -> MIMEPart {
    let disposition = part.header.value(of: "content-disposition", in: bytes)
    return MIMEPart(
      contentType: part.type, encoding: TransferEncoding(bytes, header: part.header),
      isAttachment: disposition.map { Self.isAttachment(bytes, $0) } ?? false, disposition: disposition,
      body: Swift.min(part.header.bodyStart, end)..<end)
  }

  /// The maximum header of one part, in octets; the rest is body.
  private static let mostHeaderOctets = 256 * 1024

  /// Returns the latest end of the header of a part: after an empty line, or before the next delimiter.
  private mutating func headerEnd(_ bytes: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    var index = start
    let end = Swift.min(end, start + Self.mostHeaderOctets)
    while index < end {
      let line = bytes.line(at: index, before: end)
      let next = Swift.max(bytes.next(after: line, before: end), index + 1)
      work += next - index
      if line.isEmpty { return next }
      if open.delimiter(bytes, line) != nil { return Self.contentEnd(bytes, before: index, from: start) }
      index = next
    }
    return end
  }

  /// Returns the end of a part before a delimiter: the line end there belongs to the delimiter.
  private static func contentEnd(_ bytes: borrowing Span<UInt8>, before start: Int, from: Int) -> Int {
    var end = start
    if end > from, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    if end > from, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return end
  }

  private static func isAttachment(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> Bool {
    bytes.hasIgnoringCase("attachment", at: value.lowerBound, before: value.upperBound)
      || bytes.firstIndex(of: "filename", in: value) != nil
  }
}

/// The boundaries of the multiparts that a line of a mail is in, the outermost first.
///
/// A line is hashed up to the length of the longest boundary, and each prefix is looked up, so that a line costs its
/// own length whatever the number of open multiparts.
private struct OpenBoundaries {
  struct Delimiter {
    /// The level of its multipart; 0 is the outermost.
    var level: Int
    var isLast: Bool
  }

  private struct Boundary {
    var octets: [UInt8]
    var name: Name
    var hasParts = false
  }

  private struct Name: Hashable {
    var count: Int
    var hash: UInt64
  }

  private var stack: [Boundary] = []
  /// The outermost level of each boundary; an outer one ends all inner ones.
  private var levels: [Name: Int] = [:]
  private var longest = 0

  var count: Int { stack.count }

  /// True if the innermost multipart had a delimiter that is not its last.
  var hasParts: Bool { stack.last?.hasParts ?? false }

  mutating func notePart() {
    if !stack.isEmpty { stack[stack.count - 1].hasParts = true }
  }

  mutating func push(_ boundary: [UInt8]) {
    var hash = Self.seed
    for octet in boundary { Self.add(octet, to: &hash) }
    let name = Name(count: boundary.count, hash: hash)
    if levels[name] == nil { levels[name] = stack.count }
    stack.append(Boundary(octets: boundary, name: name))
    longest = Swift.max(longest, boundary.count)
  }

  mutating func pop() {
    guard let last = stack.popLast() else { return }
    if levels[last.name] == stack.count { levels[last.name] = nil }
    longest = stack.reduce(0) { Swift.max($0, $1.name.count) }
  }

  /// Returns the delimiter that `line` is; nil if it is none. `--abc` must not end at a line `--abcdef`: the rest of
  /// the line is empty, or begins with `--`, which closes the multipart.
  func delimiter(_ bytes: borrowing Span<UInt8>, _ line: Range<Int>) -> Delimiter? {
    guard line.count > 2, bytes[line.lowerBound] == UInt8(ascii: "-"), bytes[line.lowerBound + 1] == UInt8(ascii: "-")
    else { return nil }
    let start = line.lowerBound + 2
    var hash = Self.seed
    var found: Delimiter?
    for index in start..<Swift.min(line.upperBound, start + longest) {
      Self.add(bytes[index], to: &hash)
      let end = index + 1
      let follows = end == line.upperBound || bytes[end].isBlank || bytes[end] == UInt8(ascii: "-")
      guard follows, let level = levels[Name(count: end - start, hash: hash)], level < found?.level ?? Int.max,
        Self.same(bytes, start..<end, stack[level].octets)
      else { continue }
      let tail = bytes.trimmed(end..<line.upperBound)
      let isLast = bytes.has("--", at: tail.lowerBound, before: tail.upperBound)
      if isLast || tail.isEmpty { found = Delimiter(level: level, isLast: isLast) }
    }
    return found
  }

  private static func same(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ octets: [UInt8]) -> Bool {
    for offset in 0..<octets.count where bytes[range.lowerBound + offset] != octets[offset] { return false }
    return true
  }

  private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always)
  private static func add(_ byte: UInt8, to hash: inout UInt64) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
}
