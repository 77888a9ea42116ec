/// A decoder of replies in RESP2, fed with octets however they are cut.
///
/// Each octet is looked at once, and what waits is bounded by `RESPLimits`. After a fault the decoder is of no use any
/// more: the connection has to be closed.
package struct RESPDecoder: Sendable {
  private let limits: RESPLimits
  /// The octets that are not decoded yet, from `start` on.
  private var buffer: [UInt8] = []
  private var start = 0
  /// The position up to which there is no end of a line.
  private var searched = 0
  /// The octets that an announced bulk has, without its CRLF.
  private var bulk: Int?
  /// The arrays that are not complete, the outermost first.
  private var open: [(left: Int, items: [RESPValue])] = []
  private var elements = 0
  private var octets = 0

  package init(limits: RESPLimits = RESPLimits()) { self.limits = limits }

  /// Takes octets and returns the replies that they complete, in order.
  package mutating func receive(_ more: some Sequence<UInt8>) throws(RESPFault) -> [RESPValue] {
    buffer.append(contentsOf: more)
    var replies: [RESPValue] = []
    while let value = try next() {
      if let reply = put(value) {
        replies.append(reply)
        (elements, octets) = (0, 0)
      }
    }
    if start > 0 {
      buffer.removeSubrange(..<start)
      (searched, start) = (searched - start, 0)
    }
    return replies
  }

  /// Returns the next value that is complete by itself; the beginning of an array is taken on the way.
  private mutating func next() throws(RESPFault) -> RESPValue? {
    if let count = bulk { return try body(count) }
    while let line = try line() {
      let rest = line.dropFirst()
      switch line.first {
      case UInt8(ascii: "+"): return .simple(String(decoding: rest, as: UTF8.self))
      case UInt8(ascii: "-"): return .error(String(decoding: rest, as: UTF8.self))
      case UInt8(ascii: ":"): return .integer(try Self.number(rest))
      case UInt8(ascii: "$"):
        guard let count = try count(rest, most: limits.bulk) else { return .bulk(nil) }
        bulk = count
        return try body(count)
      case UInt8(ascii: "*"):
        guard let count = try count(rest, most: limits.elements) else { return .array(nil) }
        if count == 0 { return .array([]) }
        guard open.count < limits.depth else { throw .tooDeep }
        open.append((count, []))
      default: throw .noType(line.first)
      }
    }
    return nil
  }

  /// Puts a value where it belongs, and returns the reply that is complete with it.
  private mutating func put(_ value: RESPValue) -> RESPValue? {
    var value = value
    while let last = open.indices.last {
      open[last].items.append(value)
      open[last].left -= 1
      if open[last].left > 0 { return nil }
      value = .array(open.removeLast().items)
    }
    return value
  }

  private mutating func body(_ count: Int) throws(RESPFault) -> RESPValue? {
    guard buffer.count - start >= count + 2 else { return nil }
    let end = start + count
    guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else { throw .noEnd }
    defer { (start, searched, bulk) = (end + 2, end + 2, nil) }
    return .bulk(Array(buffer[start..<end]))
  }

  /// Returns the next line without its CRLF, and counts it as an element.
  private mutating func line() throws(RESPFault) -> ArraySlice<UInt8>? {
    guard let feed = buffer[searched...].firstIndex(of: 0x0A) else {
      searched = buffer.count
      guard buffer.count - start <= limits.line else { throw .tooLong }
      return nil
    }
    guard feed > start, buffer[feed - 1] == 0x0D else { throw .noEnd }
    let line = buffer[start..<feed - 1]
    guard line.count <= limits.line else { throw .tooLong }
    (start, searched) = (feed + 1, feed + 1)
    elements += 1
    octets += line.count
    guard elements <= limits.elements, octets <= limits.octets else { throw .tooMuch }
    return line
  }

  /// Returns the count of a bulk or an array, or nil for `-1`, which stands for nothing.
  private mutating func count(_ text: ArraySlice<UInt8>, most: Int) throws(RESPFault) -> Int? {
    let number = try Self.number(text)
    if number == -1 { return nil }
    guard let count = Int(exactly: number), (0...most).contains(count) else { throw .tooMuch }
    octets += count
    guard octets <= limits.octets else { throw .tooMuch }
    return count
  }

  private static func number(_ text: ArraySlice<UInt8>) throws(RESPFault) -> Int64 {
    guard text.count <= 20, let number = Int64(String(decoding: text, as: UTF8.self)) else { throw .noNumber }
    return number
  }
}

/// The largest reply that is taken from an engine.
package struct RESPLimits: Hashable, Sendable {
  /// Octets of a line.
  package var line = 4096
  /// Octets of one bulk.
  package var bulk = 1 << 20
  /// Values in one reply, those in its arrays included.
  var elements = 200_000
  /// Arrays inside of each other.
  package var depth = 4
  /// Octets of one reply.
  package var octets = 32 << 20

  package init() {}
}

/// The reason why octets are no reply of an engine.
package enum RESPFault: Error, Hashable, Sendable, CustomStringConvertible {
  case tooLong
  case tooMuch
  case tooDeep
  case noEnd
  case noNumber
  case noType(UInt8?)

  package var description: String {
    switch self {
    case .tooLong: "a line of the engine's reply is too long"
    case .tooMuch: "the engine's reply is too large"
    case .tooDeep: "the engine's reply is nested too deeply"
    case .noEnd: "the engine's reply does not end where it says"
    case .noNumber: "the engine's reply has no number where one belongs"
    case .noType(let octet): "this is no engine: its reply begins with octet \(octet.map(String.init) ?? "none")"
    }
  }
}
