import MailMessage

/// Recognises the messages of PostgreSQL in each language that it ships: the server and its client library use that of
/// their process, so a site's mails may contain any.
///
///     les emplacements de connexions restants sont réservés pour les connexions
///     データベースシステムは起動処理中です
///     Verbindung zum Server auf »db« (10.0.0.5), Port 5432 fehlgeschlagen: …
///
/// A sentence only counts as a whole line and from its beginning: what stands further inside may be a visitor's. For
/// the same reason a value in quotes ends at the first quote that closes it, and where a sentence begins with a value,
/// that value contains no quote.
enum PostgreSQLMessages {
  /// A sentence found in a text.
  struct Found: Equatable, Sendable {
    let kind: PostgreSQLCatalogue.Kind
    /// The values that were filled in, in their order in the text. If the sentence continues with a reason of its own
    /// (`… fehlgeschlagen: `), that is the last one.
    let values: [Range<Int>]
  }

  /// The number of octets of a line that are examined. A longer line can only be a sentence that continues with a
  /// reason.
  static let longestLine = 1000

  private static let table = SentenceTable(PostgreSQLCatalogue.sentences)
  private static let severities = Set(
    PostgreSQLCatalogue.severities.withUTF8Buffer { $0.split(separator: UInt8(ascii: "\n")).map(Array.init) })

  /// The kind of the first line of `reason`, or nil if it is not one of PostgreSQL's sentences.
  static func kind(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> PostgreSQLCatalogue.Kind? {
    find(text, reason)?.kind
  }

  /// The sentence in the first line of `reason`, with its values, or nil if it is none.
  static func find(_ text: borrowing Span<UInt8>, _ reason: Range<Int>) -> Found? {
    let inside = text.clamped(reason)
    let end = Swift.min(inside.upperBound, inside.lowerBound + longestLine)
    let line = text.line(at: inside.lowerBound, before: end)
    let isCut = line.upperBound == end && end < inside.upperBound
    let stop = Swift.max(line.lowerBound, text.trimmed(line).upperBound)
    return table.find(text, line.lowerBound..<stop, isCut: isCut)
  }

  /// The position after an error's severity at `start`: `FATAL:  `, `ВАЖНО:  `, `ÖLÜMCÜL (FATAL):  `. Nil if
  /// there is none.
  static func behindSeverity(_ text: borrowing Span<UInt8>, at start: Int, before end: Int) -> Int? {
    let near = text.clamped(start..<Swift.max(start, Swift.min(end, start + 64)))
    guard let colon = text.firstIndex(of: ":  ", in: near) else { return nil }
    let word = text.extracting(near.lowerBound..<colon).withUnsafeBufferPointer { Array($0) }
    return severities.contains(word) ? colon + 3 : nil
  }
}

/// The catalogue, indexed by the octets that its sentences begin with.
private struct SentenceTable: Sendable {
  /// The text before the values of a sentence, between two of them, or after the last.
  private struct Piece {
    let range: Range<Int>
    /// The quote that the piece begins with, with a blank before it, or nil: the value before the piece ends there.
    let quote: Range<Int>?
  }

  private struct Sentence {
    let kind: PostgreSQLCatalogue.Kind
    let pieces: Range<Int>
  }

  private static let keyLength = 8

  private var octets: [UInt8] = []
  private var pieces: [Piece] = []
  private var sentences: [Sentence] = []
  /// The sentences whose first piece begins with these octets.
  private var byStart: [UInt64: [Int]] = [:]
  /// The sentences whose first piece is shorter than `keyLength`, usually because they begin with a value.
  private var others: [Int] = []

  /// Reads lists of sentences, one on each line, with `%` for each value. The first sentence that fits counts.
  init(_ lists: [(kind: PostgreSQLCatalogue.Kind, lines: StaticString)]) {
    for (kind, lines) in lists {
      var start = octets.count
      lines.withUTF8Buffer { octets.append(contentsOf: $0) }
      octets.append(UInt8(ascii: "\n"))
      for index in start..<octets.count where octets[index] == UInt8(ascii: "\n") {
        if index > start { add(kind, start..<index) }
        start = index + 1
      }
    }
  }

  private mutating func add(_ kind: PostgreSQLCatalogue.Kind, _ line: Range<Int>) {
    let first = pieces.count
    var start = line.lowerBound
    for index in line where octets[index] == UInt8(ascii: "%") {
      addPiece(start..<index)
      start = index + 1
    }
    addPiece(start..<line.upperBound)
    let beginning = pieces[first].range
    if beginning.count >= Self.keyLength {
      byStart[Self.key(octets.span, beginning.lowerBound), default: []].append(sentences.count)
    } else {
      others.append(sentences.count)
    }
    sentences.append(Sentence(kind: kind, pieces: first..<pieces.count))
  }

  /// Adds a piece, with the quote that it begins with: `"`, `«`, `»`, perhaps after a blank (in French a no-break
  /// space).
  private mutating func addPiece(_ range: Range<Int>) {
    var index = range.lowerBound
    if octets[index...].starts(with: [0xC2, 0xA0]) { index += 2 } else if octets[index] == 0x20 { index += 1 }
    var quote: Range<Int>?
    if octets[index] == UInt8(ascii: "\"") {
      quote = range.lowerBound..<(index + 1)
    } else if octets[index...].starts(with: [0xC2, 0xAB]) || octets[index...].starts(with: [0xC2, 0xBB]) {
      quote = range.lowerBound..<(index + 2)
    }
    pieces.append(Piece(range: range, quote: quote.flatMap { $0.upperBound <= range.upperBound ? $0 : nil }))
  }

  private static func key(_ text: borrowing Span<UInt8>, _ start: Int) -> UInt64 {
    var key: UInt64 = 0
    for index in start..<(start + keyLength) { key = key << 8 | UInt64(text[index]) }
    return key
  }

  // MARK: - Looking up

  /// Returns the sentence that the line consists of, or nil. A truncated line has no end that could be compared.
  func find(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isCut: Bool) -> PostgreSQLMessages.Found? {
    let known = line.count < Self.keyLength ? nil : byStart[Self.key(text, line.lowerBound)]
    for candidates in [known ?? [], others] {
      for index in candidates {
        let sentence = sentences[index]
        guard let values = values(text, line, pieces[sentence.pieces], isCut: isCut) else { continue }
        return PostgreSQLMessages.Found(kind: sentence.kind, values: values)
      }
    }
    return nil
  }

  /// The text of the line between the pieces, which is the sentence's values, or nil if it is another sentence.
  private func values(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, _ pieces: ArraySlice<Piece>, isCut: Bool
  ) -> [Range<Int>]? {
    guard let first = pieces.first, let last = pieces.last, !isCut || last.range.isEmpty,
      has(text, first.range, at: line.lowerBound, in: line),
      has(text, last.range, at: line.upperBound - last.range.count, in: line)
    else { return nil }
    var values: [Range<Int>] = []
    var start = line.lowerBound + first.range.count
    for index in pieces.indices.dropFirst() {
      let piece = pieces[index]
      let isLast = index == pieces.endIndex - 1
      guard let stop = end(of: start, before: piece, text, line, isLast: isLast) else { return nil }
      if start == line.lowerBound, text.firstIndex(of: UInt8(ascii: "\""), in: start..<stop) != nil { return nil }
      values.append(start..<stop)
      start = stop + piece.range.count
    }
    return start == line.upperBound ? values : nil
  }

  /// The end of the value that begins at `start`: the first occurrence of the piece after it, or the first quote if the
  /// piece begins with one, or the end of the line for the last piece. Nil if the piece does not follow.
  private func end(
    of start: Int, before piece: Piece, _ text: borrowing Span<UInt8>, _ line: Range<Int>, isLast: Bool
  ) -> Int? {
    if let quote = piece.quote {
      guard let stop = firstIndex(text, of: quote, in: start..<line.upperBound) else { return nil }
      return has(text, piece.range, at: stop, in: line) ? stop : nil
    }
    if !isLast { return firstIndex(text, of: piece.range, in: start..<line.upperBound) }
    let stop = line.upperBound - piece.range.count
    return stop >= start ? stop : nil
  }

  /// True if these octets of the table stand at `start` in the line.
  private func has(_ text: borrowing Span<UInt8>, _ piece: Range<Int>, at start: Int, in line: Range<Int>) -> Bool {
    guard start >= line.lowerBound, line.upperBound - start >= piece.count else { return false }
    for offset in 0..<piece.count where text[start + offset] != octets[piece.lowerBound + offset] { return false }
    return true
  }

  private func firstIndex(_ text: borrowing Span<UInt8>, of piece: Range<Int>, in range: Range<Int>) -> Int? {
    var from = range.lowerBound
    while let hit = text.firstIndex(of: octets[piece.lowerBound], in: from..<range.upperBound) {
      if has(text, piece, at: hit, in: range) { return hit }
      from = hit + 1
    }
    return nil
  }
}
