import Glibc

/// A real error mail of Django, with marks where a visitor of the site can write. `Scripts/fuzz-templates` makes them.
///
/// The fuzzer reads this file through a symbolic link: it needs nothing of the tests.
struct Template: Sendable {
  /// Of its file: page and version.
  let name: String
  /// What stands between the marks, and behind the last one.
  private let pieces: [[UInt8]]
  /// The mark behind each piece but the last, and whether line ends are escaped there, as in the Subject.
  private let marks: [(mark: Mark, isEscaped: Bool)]

  /// A place that a visitor can write to. The raw value is its bit in the choice of places.
  enum Mark: UInt8, CaseIterable, Sendable {
    /// The path, in the head line and in `Exception Type`.
    case path = 1
    /// The words that the exception, and perhaps its cause, quotes.
    case words = 2
    /// A key of the query.
    case key = 4

    fileprivate func text(isEscaped: Bool) -> [UInt8] {
      let name =
        switch self {
        case .path: "PATH"
        case .words: "WORDS"
        case .key: "KEY"
        }
      return Array(((isEscaped ? "ESCAPED" : "VISITOR") + name).utf8)
    }

    fileprivate static let all = [false, true].flatMap { escaped in allCases.map { ($0, escaped) } }
  }

  init(name: String, _ mail: [UInt8]) {
    self.name = name
    var pieces: [[UInt8]] = []
    var marks: [(Mark, Bool)] = []
    var from = 0
    var index = 0
    while index < mail.count {
      let isMark = mail[index] == UInt8(ascii: "V") || mail[index] == UInt8(ascii: "E")
      if isMark, let (mark, isEscaped) = Mark.all.first(where: { mail[index...].starts(with: $0.text(isEscaped: $1)) })
      {
        pieces.append(Array(mail[from..<index]))
        marks.append((mark, isEscaped))
        index += mark.text(isEscaped: isEscaped).count
        from = index
      } else {
        index += 1
      }
    }
    pieces.append(Array(mail[from...]))
    (self.pieces, self.marks) = (pieces, marks)
  }

  /// The mail with the visitor's text in the chosen places, and an ordinary word in the others.
  func mail(_ text: [UInt8], in places: UInt8) -> [UInt8] {
    var mail = pieces[0]
    let escaped = Self.escaped(text)
    for ((mark, isEscaped), piece) in zip(marks, pieces.dropFirst()) {
      mail += places & mark.rawValue == 0 ? Array("sofa".utf8) : isEscaped ? escaped : text
      mail += piece
    }
    return mail
  }

  /// A text as `AdminEmailHandler.format_subject` has it, on one line.
  private static func escaped(_ text: [UInt8]) -> [UInt8] {
    text.reduce(into: []) { line, octet in
      switch octet {
      case UInt8(ascii: "\r"): break
      case UInt8(ascii: "\n"): line += Array("\\n".utf8)
      default: line.append(octet)
      }
    }
  }

  /// What a visitor wrote as Django mails it: Python's generator of mails makes CR LF of each CR and LF.
  static func asMailed(_ text: some Sequence<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    var afterReturn = false
    for octet in text {
      let isReturn = octet == UInt8(ascii: "\r")
      if isReturn || octet == UInt8(ascii: "\n") && !afterReturn {
        output += Array("\r\n".utf8)
      } else if octet != UInt8(ascii: "\n") {
        output.append(octet)
      }
      afterReturn = isReturn
    }
    return output
  }

  /// Those of a folder, in the order of their names.
  static func all(in folder: String) -> [Template] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(".eml") { names.append(name) }
    }
    return names.sorted().map { Template(name: $0, bytes(folder + "/" + $0)) }
  }

  private static func bytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    return Array(buffer[..<fread(&buffer, 1, buffer.count, file)])
  }
}
