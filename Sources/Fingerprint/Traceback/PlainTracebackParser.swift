import MailMessage

/// A traceback in the format of Python itself, and its place in a text.
struct PlainTraceback: Sendable, Equatable {
  var traceback: Traceback
  /// The octets from its `Traceback (most recent call last):` to the end of its last exception's message.
  var range: Range<Int>
  /// True if its header stands behind other words on the line: `Import failed: Traceback (most recent call last):`.
  var isInline = false
}

/// Reads tracebacks in the format of CPython's `Lib/traceback.py`: chains, `[Previous line repeated …]`, markers,
/// SyntaxErrors, and exception groups with their `|` margins.
struct PlainTracebackParser {
  private let limits: ReadingLimits
  private var traceback = Traceback()
  private var linkStart = 0
  private var origin = ChainLink.Origin.first
  /// True within an exception group, where every line begins with a margin: `  | `, `    | `,
  /// `  +-+---------------- 1 ----------------`.
  private var inGroup = false
  private var depth = 0
  /// The next joining sentence of each kind, remembered from the position asked last, so that the search stays linear.
  private var direct = NextHit("\nThe above exception was the direct cause of the following")
  private var context = NextHit("\nDuring handling of the above exception, another exception occurred:")
  /// The number of octets that were examined.
  private(set) var work = 0

  init(limits: ReadingLimits) { self.limits = limits }

  /// Returns the first traceback at or after `start` whose header stands on a line of its own.
  mutating func next(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> PlainTraceback? {
    var index = start
    while let hit = text.firstIndex(of: "Traceback (most recent call last):", in: index..<end) {
      work += hit - index
      let lineStart = (text.lastIndex(of: UInt8(ascii: "\n"), in: index..<hit) ?? index - 1) + 1
      // Nothing after it on its line can be a header, so no line is read twice.
      let line = text.line(at: hit, before: end)
      index = Swift.max(line.upperBound, hit + 1)
      let before = text.trimmed(lineStart..<hit)
      let isGroup = text.equals(before, "+ Exception Group")
      guard before.isEmpty || isGroup else { continue }
      guard text.trimmed(line).count == 34 else { continue }
      reset(isGroup: isGroup)
      let stop = parse(text, from: text.next(after: line, before: end), end: end)
      guard !traceback.links.isEmpty || !traceback.frames.isEmpty else {
        // Nothing between here and `stop` was a frame: reading it again would be quadratic for many headers.
        index = Swift.max(stop, index)
        continue
      }
      return PlainTraceback(traceback: traceback, range: lineStart..<Swift.max(stop, hit + 1))
    }
    work += Swift.max(0, end - index)
    return nil
  }

  /// Returns the first traceback in `range` whose header stands behind other words, as
  /// `logger.error('Import failed: %s', format_exc())` writes it, and is followed by a frame. Quoted tracebacks have a
  /// quote mark below instead of a frame.
  mutating func nextInline(_ text: borrowing Span<UInt8>, in range: Range<Int>, end: Int) -> PlainTraceback? {
    var index = range.lowerBound
    while let hit = text.firstIndex(of: " Traceback (most recent call last):\n", in: index..<range.upperBound) {
      work += hit - index
      index = hit + 36
      let line = text.line(at: index, before: end)
      let frame = text.trimmed(line)
      guard frame.lowerBound > line.lowerBound, FrameLine.parse(text, frame) != nil else { continue }
      reset(isGroup: false)
      let stop = parse(text, from: index, end: end)
      return PlainTraceback(traceback: traceback, range: hit + 1..<stop, isInline: true)
    }
    work += Swift.max(0, range.upperBound - index)
    return nil
  }

  private mutating func reset(isGroup: Bool) {
    traceback = Traceback()
    linkStart = 0
    origin = .first
    inGroup = isGroup
    depth = isGroup ? 1 : 0
  }

  /// Reads frames and exceptions, and returns where the traceback ends.
  private mutating func parse(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    var index = start
    var lastFrameLine = -1
    var stop = start
    var sawException = false
    while index < end {
      let raw = text.line(at: index, before: end)
      let next = Swift.max(text.next(after: raw, before: end), index + 1)
      work += next - index
      let line = inGroup ? withoutMargin(text, raw) : raw
      let content = text.trimmed(line)
      if content.isEmpty || isRule(text, content) {
        index = next
        continue
      }
      if FrameLine.isHeader(text, content) || text.has("+ Exception Group", at: content.lowerBound, before: end) {
        inGroup = inGroup || text[content.lowerBound] == UInt8(ascii: "+")
        sawException = false
      } else if let frame = FrameLine.parse(text, content) {
        if sawException { return stop }
        guard traceback.frames.count < limits.frames else {
          traceback.isCut = true
          return end
        }
        traceback.frames.append(frame)
        lastFrameLine = next
      } else if content.lowerBound > line.lowerBound {
        // Indented: the code of a frame, its markers, or `[Previous line repeated n more times]`.
        if sawException { return stop }
        readCode(text, content, isFirst: index == lastFrameLine)
      } else if isJoint(text, content) {
        origin =
          text.has("The above exception was the direct", at: content.lowerBound, before: end) ? .directCause : .context
        sawException = false
      } else if sawException {
        return stop
      } else {
        stop = readException(text, at: index, line: line, end: end)
        sawException = true
        guard stop < end else { return stop }
        index = stop
        guard continues(text, from: stop, end: end) else { return stop }
        continue
      }
      index = next
    }
    traceback.isTruncated = !sawException
    return end
  }

  private mutating func readCode(_ text: borrowing Span<UInt8>, _ content: Range<Int>, isFirst: Bool) {
    guard let last = traceback.frames.indices.last else { return }
    if let times = FrameLine.repetitions(text, content) {
      traceback.frames[last].count += times
    } else if isFirst, !FrameLine.isMarker(text, content) {
      traceback.frames[last].source = content
    }
  }

  /// Reads `KeyError: 'price'` and the lines of its message, and returns where they end.
  private mutating func readException(
    _ text: borrowing Span<UInt8>, at start: Int, line: Range<Int>, end: Int
  ) -> Int {
    let stop = messageEnd(text, from: start, end: end)
    let last = text.line(at: start, before: end)
    var type = line
    var message = line.upperBound..<line.upperBound
    if let colon = text.firstIndex(of: UInt8(ascii: ":"), in: line) {
      type = line.lowerBound..<colon
      message = text.trimmed((colon + 1)..<Swift.max(colon + 1, inGroup ? last.upperBound : stop))
    }
    traceback.links.append(
      ChainLink(
        origin: origin, frames: linkStart..<traceback.frames.count, type: text.trimmed(type), text: message,
        depth: depth))
    linkStart = traceback.frames.count
    origin = .first
    return stop
  }

  /// The end of a message, which may have many lines. It ends at an empty line, unless a joining sentence follows
  /// further down and no other traceback comes before it: PostgreSQL's messages end with an empty line.
  private mutating func messageEnd(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    if inGroup { return text.next(after: text.line(at: start, before: end), before: end) }
    let blank = text.firstIndex(of: "\n\n", in: start..<end) ?? end
    work += blank - start
    guard let joint = nextJoint(text, from: start, end: end) else { return blank }
    let header = text.firstIndex(of: "Traceback (most recent call last):", in: start..<joint)
    work += (header ?? joint) - start
    return header == nil ? joint : blank
  }

  private mutating func nextJoint(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int? {
    let one = direct.at(text, from: start, end: end, &work)
    let other = context.at(text, from: start, end: end, &work)
    guard let one, let other else { return one ?? other }
    return Swift.min(one, other)
  }

  private func isJoint(_ text: borrowing Span<UInt8>, _ content: Range<Int>) -> Bool {
    text.has("The above exception was the direct cause of", at: content.lowerBound, before: content.upperBound)
      || text.has("During handling of the above exception, another", at: content.lowerBound, before: content.upperBound)
  }

  /// True if the chain (or the group) continues after the message that ends at `stop`.
  private func continues(_ text: borrowing Span<UInt8>, from stop: Int, end: Int) -> Bool {
    if inGroup { return true }
    var index = stop
    while index < end, text[index].isBlank { index += 1 }
    return isJoint(text, index..<end)
  }

  // MARK: - Exception groups

  /// Returns the line without its margin, and takes its depth from it: two more columns for each group.
  private mutating func withoutMargin(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Range<Int> {
    var index = line.lowerBound
    while index < line.upperBound, text[index] == 0x20 { index += 1 }
    guard index < line.upperBound, text[index] == UInt8(ascii: "|") || text[index] == UInt8(ascii: "+") else {
      return line
    }
    if text[index] == UInt8(ascii: "+") { return index..<line.upperBound }
    depth = Swift.max(1, (index - line.lowerBound) / 2)
    index += 1
    if index < line.upperBound, text[index] == 0x20 { index += 1 }
    return index..<line.upperBound
  }

  /// True for `+-+---------------- 1 ----------------` and `+------------------------------------`, which begin and end
  /// a child.
  private func isRule(_ text: borrowing Span<UInt8>, _ content: Range<Int>) -> Bool {
    inGroup && text.has("+-", at: content.lowerBound, before: content.upperBound)
  }
}

/// The next occurrence of some words. The position only moves forward, and is searched for once however often it is
/// asked for.
private struct NextHit {
  private let words: StaticString
  private var known: (from: Int, at: Int?)?

  init(_ words: StaticString) { self.words = words }

  mutating func at(_ text: borrowing Span<UInt8>, from start: Int, end: Int, _ work: inout Int) -> Int? {
    if let known, known.from <= start, known.at ?? Int.max >= start { return known.at }
    let hit = text.firstIndex(of: words, in: start..<end)
    work += (hit ?? end) - start
    known = (start, hit)
    return hit
  }
}
