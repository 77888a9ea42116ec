import MailMessage

/// The facts in a message of MySQL or MariaDB about one column, key or constraint: its number, and the name. The values
/// beside them are a visitor's.
///
///     (1048, "Column 'customer_id' cannot be null")            1048 customer_id
///     (1062, "Duplicate entry 'kim@x' for key 'shop.email'")   1062 shop.email
///     (1452, 'Cannot add … (`shop`.`order`, CONSTRAINT `fk_customer` FOREIGN KEY …')
enum MySQLText {
  /// Returns the number and the name, or nil if the line does not begin with a four-digit number, or names nothing.
  static func normalized(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> [UInt8]? {
    guard let first = line.first, text[first] == UInt8(ascii: "(") else { return nil }
    var index = first + 1
    while index < line.upperBound, text[index].isDigit { index += 1 }
    let number = first + 1..<index
    guard number.count == 4, text.has(", ", at: index, before: line.upperBound),
      let name = name(text, index..<line.upperBound)
    else { return nil }
    return FamilySubject.copy(text, number) + [0x20] + FamilySubject.copy(text, name)
  }

  /// The last name of its kind: a value that contains the same words stands before it.
  private static func name(_ text: borrowing Span<UInt8>, _ rest: Range<Int>) -> Range<Int>? {
    for words: StaticString in [" for key '", "olumn '", "ield '", "CONSTRAINT `", "unction "] {
      guard let hit = text.lastIndex(of: words, in: rest) else { continue }
      let start = hit + words.utf8CodeUnitCount
      var stop = start
      while stop < rest.upperBound, text[stop].isNameByte || text[stop] == UInt8(ascii: ".") { stop += 1 }
      if stop > start { return start..<stop }
    }
    return nil
  }
}
