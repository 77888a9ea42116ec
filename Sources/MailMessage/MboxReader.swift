/// Splits an mbox file, piece by piece as it is read, so that at most one mail is in memory.
///
/// A mail begins with a line `From …` at the top of the file or after an empty line (RFC 4155). If the first such
/// line of a file has a date, all of them need one: `From ` in the middle of a text is then no new mail. A `>From `
/// at the start of a line loses one `>`, as writers of mboxrd add it. Any octets give mails; nothing traps.
package struct MboxReader: Sendable {
  package struct Mail: Hashable, Sendable {
    /// The number of the mail in the file, from 1.
    package var number: Int
    /// The octets of the mail; empty if it is larger than the limit.
    package var message: [UInt8]
    package var isTooLarge: Bool
    /// The time in the `From ` line, in seconds since 1970; nil if it has none.
    package var storedAt: Int64?
  }

  private let limit: Int
  private var mail: Mail?
  /// The beginning of a line whose end was not read yet.
  private var line: [UInt8] = []
  private var isBehindEmptyLine = true
  private var marksHaveDates = true

  /// Creates a reader.
  ///
  /// - Parameter limit: the maximum octets of a mail; larger ones are skipped.
  package init(limit: Int) { self.limit = limit }

  /// Takes the next piece of the file and returns the mails that end in it.
  package mutating func read(_ piece: [UInt8]) -> [Mail] {
    var complete: [Mail] = []
    var start = 0
    while let end = piece.span.firstIndex(of: 0x0A, in: start..<piece.count) {
      if line.isEmpty {
        take(piece[start...end], &complete)
      } else {
        append(piece[start...end])
        take(line[...], &complete)
        line.removeAll(keepingCapacity: true)
      }
      start = end + 1
    }
    append(piece[start...])
    return complete
  }

  /// Returns the last mail, once the whole file was read; nil if there is none.
  package mutating func finish() -> Mail? {
    var complete: [Mail] = []
    if !line.isEmpty { take(line[...], &complete) }
    line = []
    defer { mail = nil }
    return complete.first ?? mail.map(Self.withoutSeparator)
  }

  /// Adds to the current line. A line without end is kept only until its mail is too large.
  private mutating func append(_ octets: ArraySlice<UInt8>) {
    line += octets.prefix(max(0, limit + 2 - line.count))
  }

  private mutating func take(_ line: ArraySlice<UInt8>, _ complete: inout [Mail]) {
    defer { isBehindEmptyLine = line.first == 0x0A || (line.first == 0x0D && line.dropFirst().first == 0x0A) }
    if isBehindEmptyLine, FromLine.isMark(line), begins(line) {
      let number = (mail?.number ?? 0) + 1
      if let mail { complete.append(Self.withoutSeparator(mail)) }
      mail = Mail(number: number, message: [], isTooLarge: false, storedAt: FromLine.seconds(line))
    } else {
      add(line)
    }
  }

  private mutating func begins(_ line: ArraySlice<UInt8>) -> Bool {
    if mail == nil { marksHaveDates = FromLine.seconds(line) != nil }
    return !marksHaveDates || FromLine.seconds(line) != nil
  }

  private mutating func add(_ line: ArraySlice<UInt8>) {
    // Lines before the first mark belong to no mail.
    guard var mail = self.mail, !mail.isTooLarge else { return }
    self.mail = nil
    if mail.message.count + line.count > limit {
      mail.isTooLarge = true
      mail.message = []
    } else {
      mail.message += Self.isQuoted(line) ? line.dropFirst() : line
    }
    self.mail = mail
  }

  private static func isQuoted(_ line: ArraySlice<UInt8>) -> Bool {
    line.first == UInt8(ascii: ">") && FromLine.isMark(line.drop { $0 == UInt8(ascii: ">") })
  }

  /// Returns the mail without the empty line before the next mark, which is no part of it.
  private static func withoutSeparator(_ mail: Mail) -> Mail {
    var mail = mail
    if mail.message.suffix(2) == [0x0A, 0x0A] {
      mail.message.removeLast()
    } else if mail.message.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A] {
      mail.message.removeLast(2)
    }
    return mail
  }
}
