import MailMessage

/// The names that tell two outages of one family apart.
enum FamilySubject {
  static func firstLine(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    let line = text.line(at: message.lowerBound, before: message.upperBound)
    let bounded = line.lowerBound..<min(line.upperBound, line.lowerBound + 200)
    return bounded.isEmpty ? nil : copy(text, text.trimmed(bounded))
  }

  /// Reads the module from `No module named 'shop.feeds'`, in Python 2 without quotes.
  static func module(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    guard text.has("No module named ", at: message.lowerBound, before: message.upperBound) else { return nil }
    return name(text, at: message.lowerBound + 16, end: message.upperBound)
  }

  /// Reads the name from the first line of a reason: `relation "shop_order" does not exist`,
  /// `column shop_order.vat does not exist`, `no such table: shop_order`, `Table 'shop.order' doesn't exist`,
  /// `Unknown column 'vat' in 'field list'`.
  static func relation(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8]? {
    let line = text.line(at: reason.lowerBound, before: min(reason.upperBound, reason.lowerBound + 1000))
    for word: StaticString in ["relation ", "column ", "table: ", "column: ", "Table ", "table ", "column named "] {
      guard let hit = text.firstIndex(of: word, in: line) else { continue }
      if let name = name(text, at: hit + word.utf8CodeUnitCount, end: line.upperBound) { return name }
    }
    return nil
  }

  /// The part of one server that may fail by itself: the database that has no slot left, or the user or database that
  /// is refused. Their names are the site's settings. Empty if the reason names none.
  static func databaseName(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8] {
    let line = text.line(at: reason.lowerBound, before: min(reason.upperBound, reason.lowerBound + 400))
    for word: StaticString in [
      "for database ", "to database ", "failed for user ", "Access denied for user ", ", database ",
    ] {
      guard let hit = text.firstIndex(of: word, in: line),
        let name = Endpoint.quotedText(text, at: hit + word.utf8CodeUnitCount, end: line.upperBound)
      else { continue }
      return copy(text, name)
    }
    return []
  }

  /// Reads `shop` from MySQL's `User 'shop' has exceeded the 'max_user_connections' resource`.
  static func userOfLimit(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> [UInt8] {
    guard text.has("User ", at: reason.lowerBound, before: reason.upperBound),
      let name = Endpoint.quotedText(text, at: reason.lowerBound + 5, end: reason.upperBound)
    else { return [] }
    return copy(text, name)
  }

  /// The first two directories of `[Errno 28] No space left on device: '/var/media/2025/x.pdf'`: a disk is mounted
  /// there, and the file's name may be a visitor's.
  static func disk(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8] {
    let line = text.line(at: message.lowerBound, before: min(message.upperBound, message.lowerBound + 400))
    guard let hit = text.firstIndex(of: ": ", in: line),
      let path = Endpoint.quotedText(text, at: hit + 2, end: line.upperBound),
      text[path.lowerBound] == UInt8(ascii: "/")
    else { return [] }
    var slashes = 0
    var stop = path.lowerBound
    for index in path where text[index] == UInt8(ascii: "/") {
      slashes += 1
      stop = index
      if slashes == 3 { break }
    }
    return stop > path.lowerBound ? copy(text, path.lowerBound..<stop) : []
  }

  /// Reads `signal 9` from `Worker exited prematurely: signal 9 (SIGKILL) Job: 7.`, `exitcode 1` from `… exitcode 1.`
  static func signal(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8] {
    guard text.has("Worker exited prematurely: ", at: message.lowerBound, before: message.upperBound) else { return [] }
    let start = message.lowerBound + 27
    for word: StaticString in ["signal ", "exitcode "] where text.has(word, at: start, before: message.upperBound) {
      var stop = start + word.utf8CodeUnitCount
      if stop < message.upperBound, text[stop] == UInt8(ascii: "-") { stop += 1 }
      while stop < message.upperBound, stop < start + 16, text[stop].isDigit { stop += 1 }
      return copy(text, start..<stop)
    }
    return []
  }

  /// Returns the name in quotes at `start`, or the octets of a dotted name there; nil if there is neither.
  private static func name(_ text: borrowing Span<UInt8>, at start: Int, end: Int) -> [UInt8]? {
    if let quoted = Endpoint.quotedText(text, at: start, end: end) { return copy(text, quoted) }
    var stop = start
    while stop < end, text[stop].isNameByte || text[stop] == UInt8(ascii: ".") || text[stop] == UInt8(ascii: "\"") {
      stop += 1
    }
    return stop > start ? copy(text, start..<stop) : nil
  }

  /// The group of a name, from 0 to `count` - 1: always the same for the same name (FNV-1a).
  static func bucket(of name: [UInt8], count: Int) -> Int {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int((value ^ (value >> 32)) % UInt64(count))
  }

  static func copy(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(range.count)
    for index in range { output.append(text[index]) }
    return output
  }
}
