/// The octets of one message: those in memory, followed by the rest of a large one in a file.
///
/// A large message stays on disk from its arrival to its delivery, so that memory does not grow with it. Additions on
/// top of it (trace fields, another Subject) are in memory.
package struct Message: Hashable, Sendable {
  package var head: [UInt8]
  package private(set) var tail: FileSlice?

  package init(_ head: [UInt8], tail: FileSlice? = nil) {
    self.head = head
    self.tail = tail
  }

  package var count: Int { head.count + (tail?.count ?? 0) }

  /// True if it holds octets above 127 (`BODY=8BITMIME`, RFC 6152).
  package var isEightBit: Bool {
    // Always to the end: the compiler turns this into many octets at a time.
    tail?.isEightBit == true || head.withUnsafeBytes { $0.reduce(0, |) } >= 0x80
  }

  /// Returns the message with `octets` before it.
  package func prepending(_ octets: [UInt8]) -> Message { Message(octets + head, tail: tail) }

  /// Returns all octets, in memory. Blocks while a file is read, and throws if it cannot be read.
  package func octets() throws -> [UInt8] { try prefix(.max) }

  /// Returns the first octets, at most `limit`; otherwise like `octets`.
  package func prefix(_ limit: Int) throws -> [UInt8] {
    guard let tail, limit > head.count else { return limit >= head.count ? head : Array(head.prefix(limit)) }
    let rest = try tail.octets(0..<min(tail.count, limit - head.count))
    // Avoids having a large message in memory twice.
    return head.isEmpty ? rest : head + rest
  }

  /// Calls `body` with all octets, in order and in pieces that are small if they come from a file.
  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    try head.withUnsafeBytes(body)
    try tail?.forEachPiece(body)
  }
}

/// A part of a file; its creator guarantees that the file has it.
package struct FileSlice: Sendable {
  /// The number of octets read at once.
  package static let pieceSize = 64 * 1024

  private let file: any OctetFile
  private let offset: Int
  package let count: Int
  /// True if it holds octets above 127.
  package let isEightBit: Bool

  package init(_ file: any OctetFile, offset: Int = 0, count: Int, isEightBit: Bool) {
    self.file = file
    self.offset = offset
    self.count = count
    self.isEightBit = isEightBit
  }

  /// The file, if the slice covers all of it; otherwise nil.
  package var wholeFile: (any OctetFile)? { offset == 0 && count == file.count ? file : nil }

  /// Returns the octets in `range`. Blocks; throws rather than returning fewer.
  package func octets(_ range: Range<Int>) throws -> [UInt8] {
    try file.read(at: offset + range.lowerBound, count: range.count)
  }

  package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    for start in stride(from: 0, to: count, by: Self.pieceSize) {
      try octets(start..<min(count, start + Self.pieceSize)).withUnsafeBytes(body)
    }
  }
}

extension FileSlice: Hashable {
  package static func == (a: FileSlice, b: FileSlice) -> Bool {
    a.file === b.file && a.offset == b.offset && a.count == b.count
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(file))
    hasher.combine(offset)
    hasher.combine(count)
  }
}

/// A file whose octets do not change any more.
package protocol OctetFile: AnyObject, Sendable {
  var count: Int { get }
  /// Returns exactly these octets. Blocks; throws if the file does not provide them.
  func read(at offset: Int, count: Int) throws -> [UInt8]
}

/// Creates messages that are too large for memory while they arrive.
package protocol LargeMessages: Sendable {
  func begin() -> any GrowingMessage
}

/// A message that is arriving. Its owner calls it from one thread at a time; an unfinished message is discarded with
/// it.
package protocol GrowingMessage: AnyObject, Sendable {
  /// Adds octets. Blocks; throws if there is no place for them, and then the message is lost.
  func append(_ octets: [UInt8]) throws
  /// Returns the whole message. Nothing may be added afterwards.
  func finish() throws -> Message
}
