/// Splits the bytes of a configuration file into sections and entries.
///
/// Any bytes give a document and a list of problems; nothing throws or traps, and no problem hides a later one: a line
/// that cannot be read is reported and skipped. Lines end in LF or CRLF, a byte order mark is skipped, comment lines
/// may hold any bytes. The one limit is `maximumSize`: a longer file is not a configuration but a mistake on the
/// command line, and gives a single problem instead of one per line.
struct INIReader {
  static let maximumSize = 1024 * 1024

  private let file: String
  private var document = INIDocument()
  private var problems: [Diagnostic] = []
  /// The keys before the first section.
  private var orphans: [INIEntry] = []
  /// True if the line above was a `key = value`, for the hint on continuation lines.
  private var isBelowEntry = false

  private init(file: String) { self.file = file }

  struct Result: Hashable {
    var document: INIDocument
    /// The keys before the first section.
    var orphans: [INIEntry]
    var problems: [Diagnostic]
  }

  static func read(_ bytes: [UInt8], file: String) -> Result {
    var reader = INIReader(file: file)
    reader.read(bytes)
    return Result(document: reader.document, orphans: reader.orphans, problems: reader.problems)
  }

  private mutating func read(_ bytes: [UInt8]) {
    if let problem = notAConfiguration(bytes) {
      problems.append(Diagnostic(SourcePosition(file: file, line: 1, column: 1), problem))
      return
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      read(line.last == UInt8(ascii: "\r") ? line.dropLast() : line, number: index + 1)
    }
  }

  private func notAConfiguration(_ bytes: [UInt8]) -> String? {
    if bytes.count > Self.maximumSize {
      return
        "this file has \(bytes.count) bytes, a configuration has at most \(Self.maximumSize); is it the right file?"
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return "this file is in UTF-16; save it in UTF-8"
    }
    return nil
  }

  private mutating func read(_ bytes: ArraySlice<UInt8>, number: Int) {
    let first = bytes.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    // Comments are recognised on bytes: a comment in another encoding is no reason to refuse the file.
    guard let first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else {
      isBelowEntry = false
      return
    }
    do throws(NotText) {
      read(SourceLine(scalars: try decodeLine(bytes), file: file, number: number))
    } catch {
      let position = SourcePosition(file: file, line: number, column: error.index + 1)
      problems.append(Diagnostic(position, error.message))
      isBelowEntry = false
    }
  }

  private mutating func read(_ line: SourceLine) {
    let range = line.trimmedRange(line.scalars.indices)
    if line.scalars[range].first == "[" {
      isBelowEntry = false
      readSection(line, range)
    } else if let equals = line.scalars[range].firstIndex(of: "=") {
      readEntry(line, range, equals: equals)
      isBelowEntry = true
    } else {
      let remedy =
        isBelowEntry && range.lowerBound > 0
        ? "a value cannot go on in a second line; write it in one line, lists separated by commas"
        : "write key = value, [section], or start the line with # to make it a comment"
      report(line, range.lowerBound, "this line has no \"=\"; \(remedy)")
    }
  }

  private mutating func report(_ line: SourceLine, _ index: Int, _ message: String) {
    problems.append(Diagnostic(line.position(index), message))
  }
}

extension INIReader {
  /// Returns the index of the bracket that closes the first one: `[site [Shop]]` is about the site `[Shop]`.
  private static func closing(_ header: ArraySlice<Unicode.Scalar>) -> Int? {
    var depth = 0
    for index in header.indices {
      if header[index] == "[" { depth += 1 }
      if header[index] == "]" { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  /// Reads a header. One with a flaw still opens its section: its keys are checked as if the flaw were mended.
  private mutating func readSection(_ line: SourceLine, _ range: Range<Int>) {
    let inside: Range<Int>
    if let close = Self.closing(line.scalars[range]) {
      inside = range.lowerBound + 1..<close
      let rest = line.trimmedRange(close + 1..<range.upperBound)
      if !rest.isEmpty {
        report(line, rest.lowerBound, "unexpected text behind the section's \"]\"; put it on a line of its own")
      }
    } else {
      inside = range.lowerBound + 1..<range.upperBound
      report(line, range.lowerBound, "this section has no closing \"]\"; write [\(excerpt(line.trimmed(inside).text))]")
    }
    let words = line.trimmedRange(inside)
    if words.isEmpty { report(line, range.lowerBound, "this section has no name; write [section]") }
    let end = line.scalars[words].firstIndex(where: \.isBlank) ?? words.upperBound
    let argument = line.trimmed(end..<words.upperBound)
    document.sections.append(
      INISection(
        name: line.trimmed(words.lowerBound..<end),
        argument: argument.text.isEmpty ? nil : argument))
  }

  private mutating func readEntry(_ line: SourceLine, _ range: Range<Int>, equals: Int) {
    let key = line.trimmed(range.lowerBound..<equals)
    if key.text.isEmpty {
      report(line, range.lowerBound, "there is no key before the \"=\"; write key = value")
      return
    }
    guard let (value, isQuoted) = readValue(line, line.trimmedRange(equals + 1..<range.upperBound)) else { return }
    let entry = INIEntry(key: key, value: value, isQuoted: isQuoted)
    if document.sections.isEmpty {
      orphans.append(entry)
    } else {
      document.sections[document.sections.count - 1].entries.append(entry)
    }
  }

  /// Reads a value. Quotes surround the whole value; there is no escape, so that columns stay true. A quote inside is
  /// an ordinary character. In rules, quotes surround single items of a list, so these values are left as they are.
  private mutating func readValue(_ line: SourceLine, _ range: Range<Int>) -> (value: Located, isQuoted: Bool)? {
    if document.sections.last?.name.text == "rule" { return (line.trimmed(range), false) }
    guard line.scalars[range].first == "\"" else { return (line.trimmed(range), false) }
    guard range.count > 1, line.scalars[range].last == "\"" else {
      report(line, range.lowerBound, "this value starts with a quote and does not end with one; write \"value\"")
      return nil
    }
    let inside = range.lowerBound + 1..<range.upperBound - 1
    return (Located(text: line.text(inside), position: line.position(inside.lowerBound)), true)
  }
}

/// Returns `text` for a message, cut if it is longer than 60 Unicode scalars.
func excerpt(_ text: String) -> String {
  text.unicodeScalars.count <= 60 ? text : String(text.unicodeScalars.prefix(57)) + "..."
}
