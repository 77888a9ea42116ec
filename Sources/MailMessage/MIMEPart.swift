/// One leaf of a mail's MIME tree: its kind, how it is encoded, and where its bytes are.
package struct MIMEPart: Sendable, Equatable {
  package let contentType: ContentType
  package let encoding: TransferEncoding
  /// `Content-Disposition: attachment`, or a file name was given.
  package let isAttachment: Bool
  /// The encoded body, a range into the mail.
  package let body: Range<Int>
}

/// Why the tree of a mail could not be walked to its end.
package enum MIMEFault: Error, Sendable, Equatable {
  case tooDeep, tooManyParts
  /// A multipart without a usable boundary, or a part that no boundary closes: the mail was cut.
  case noBoundary
}

/// Walks the leaves of a mail in order.
///
/// Limits: `depth` multiparts inside each other, `parts` leaves. Linear in the mail for each level of nesting that
/// really occurs; a level only looks at the bytes of its own part.
package struct MIMEWalker {
  package enum Step: Sendable { case proceed, stop }

  private let depth: Int
  private var left: Int

  package init(depth: Int = 100, parts: Int = 1000) {
    self.depth = depth
    left = parts
  }

  /// Calls `visit` for each leaf until it says stop. Everything before the fault has been visited when it throws.
  package mutating func walk(
    _ bytes: borrowing Span<UInt8>, header: HeaderBlock, end: Int, visit: (MIMEPart) -> Step
  ) throws(MIMEFault) {
    _ = try walk(bytes, header: header, end: end, level: 0, visit: visit)
  }

  private mutating func walk(
    _ bytes: borrowing Span<UInt8>, header: HeaderBlock, end: Int, level: Int, visit: (MIMEPart) -> Step
  ) throws(MIMEFault) -> Step {
    guard level < depth else { throw .tooDeep }
    guard left > 0 else { throw .tooManyParts }
    left -= 1
    var type = ContentType.missing
    if let value = header.value(of: "content-type", in: bytes) { type = ContentType(bytes, value: value) }
    let body = Swift.min(header.bodyStart, end)..<end
    guard type.isMultipart else {
      return visit(
        MIMEPart(
          contentType: type, encoding: TransferEncoding(bytes, header: header),
          isAttachment: MIMEWalker.isAttachment(bytes, header), body: body))
    }
    guard let boundary = type.boundary, !boundary.isEmpty else { throw .noBoundary }
    return try walkParts(bytes, boundary: boundary, body: body, level: level, visit: visit)
  }

  /// RFC 2046, 5.1.1: parts stand between lines `--boundary`; the last is closed by `--boundary--`.
  private mutating func walkParts(
    _ bytes: borrowing Span<UInt8>, boundary: Range<Int>, body: Range<Int>, level: Int, visit: (MIMEPart) -> Step
  ) throws(MIMEFault) -> Step {
    guard var open = MIMEWalker.delimiter(bytes, boundary, in: body), !open.isLast else { throw .noBoundary }
    while true {
      let rest = Swift.min(open.next, body.upperBound)..<body.upperBound
      guard let close = MIMEWalker.delimiter(bytes, boundary, in: rest) else { throw .noBoundary }
      let header = HeaderBlock(bytes, in: rest.lowerBound..<Swift.max(rest.lowerBound, close.contentEnd))
      let step = try walk(
        bytes, header: header, end: Swift.max(rest.lowerBound, close.contentEnd), level: level + 1, visit: visit)
      if step == .stop || close.isLast { return step }
      open = close
    }
  }

  private struct Delimiter {
    /// Where the part before it ends: its own line end belongs to the delimiter.
    var contentEnd: Int
    var next: Int
    var isLast: Bool
  }

  private static func delimiter(
    _ bytes: borrowing Span<UInt8>, _ boundary: Range<Int>, in range: Range<Int>
  ) -> Delimiter? {
    var start = range.lowerBound
    while start < range.upperBound {
      let line = bytes.line(at: start, before: range.upperBound)
      let next = Swift.max(bytes.next(after: line, before: range.upperBound), start + 1)
      let hit = start + 2
      if bytes.has("--", at: start, before: line.upperBound), hit + boundary.count <= line.upperBound,
        bytes.same(boundary, hit..<(hit + boundary.count))
      {
        let tail = bytes.trimmed((hit + boundary.count)..<line.upperBound)
        let isLast = bytes.has("--", at: tail.lowerBound, before: tail.upperBound)
        // `--abc` must not end at a line `--abcdef`: the rest of the line is empty or closes the multipart.
        if isLast || tail.isEmpty {
          return Delimiter(
            contentEnd: contentEnd(bytes, before: start, from: range.lowerBound), next: next, isLast: isLast)
        }
      }
      start = next
    }
    return nil
  }

  private static func contentEnd(_ bytes: borrowing Span<UInt8>, before start: Int, from: Int) -> Int {
    var end = start
    if end > from, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    if end > from, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return end
  }

  private static func isAttachment(_ bytes: borrowing Span<UInt8>, _ header: HeaderBlock) -> Bool {
    guard let value = header.value(of: "content-disposition", in: bytes) else { return false }
    return bytes.hasIgnoringCase("attachment", at: value.lowerBound, before: value.upperBound)
      || bytes.firstIndex(of: "filename", in: value) != nil
  }
}
