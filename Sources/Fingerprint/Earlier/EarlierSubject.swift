import MailMessage

/// The names by which versions 1 and 2 told outages of a family apart. Frozen, see `EarlierFamilyTable`.
enum EarlierSubject {
  static func firstLine(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    let line = text.line(at: message.lowerBound, before: message.upperBound)
    return line.isEmpty
      ? nil : FamilySubject.copy(text, text.trimmed(line.lowerBound..<min(line.upperBound, line.lowerBound + 200)))
  }

  /// Reads the module from `No module named 'shop.feeds'`, in Python 2 without quotes.
  static func module(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    guard let hit = text.firstIndex(of: "No module named ", in: message) else { return nil }
    if let name = EarlierEndpoint.quotedText(text, at: hit + 16, end: message.upperBound) {
      return FamilySubject.copy(text, name)
    }
    var stop = hit + 16
    while stop < message.upperBound, text[stop].isNameByte || text[stop] == UInt8(ascii: ".") { stop += 1 }
    return stop > hit + 16 ? FamilySubject.copy(text, (hit + 16)..<stop) : nil
  }

  /// Reads the name from `relation "shop_order" does not exist`, `column shop_order.vat does not exist`,
  /// `no such table: shop_order`, `Table 'shop.order' doesn't exist`, `Unknown column 'vat' in 'field list'`.
  static func relation(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> [UInt8]? {
    for word: StaticString in ["relation ", "column ", "table: ", "column: ", "Table ", "table ", "column named "] {
      guard let hit = text.firstIndex(of: word, in: message) else { continue }
      let start = hit + word.utf8CodeUnitCount
      if let name = EarlierEndpoint.quotedText(text, at: start, end: message.upperBound) {
        return FamilySubject.copy(text, name)
      }
      var stop = start
      while stop < message.upperBound,
        text[stop].isNameByte || text[stop] == UInt8(ascii: ".") || text[stop] == UInt8(ascii: "\"")
      {
        stop += 1
      }
      if stop > start { return FamilySubject.copy(text, start..<stop) }
    }
    return nil
  }
}
