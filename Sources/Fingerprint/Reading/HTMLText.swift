import MailMessage

/// Converts the HTML of Django's error page (`technical_500.html`, 1.11 to 6.1) to the lines of its text report.
///
/// Not a browser: tags become line ends, references become characters, styles, scripts, local variables and the code
/// around the failing line are left out, and a frame is written as `  File "…", line n, in f`. One pass, linear.
struct HTMLText {
  private var output: [UInt8] = []
  /// The tag up to whose end everything is left out, or nil.
  private var skipUntil: StaticString?
  private var isPreformatted = false
  /// True in `<li class="frame …">` before its first `<code>`, which is the file name.
  private var expectsFile = false
  private var isInFile = false
  private var isInCode = false
  /// True if the line that is being written has only blanks.
  private var isLineBlank = true
  /// The index of the next `>`, searched for once: otherwise many `<` without one would each repeat the search.
  private var nextClose = -1
  /// The number of octets that were examined.
  private(set) var work = 0

  /// The octet before a line that Django did not begin: the second and later lines of an exception's text, and the name
  /// of a form field. No line of the layout begins with it.
  static let mark: UInt8 = 0x01

  static func convert(_ html: borrowing Span<UInt8>, _ work: inout Int) -> [UInt8] {
    var converter = HTMLText()
    converter.output.reserveCapacity(html.count / 4)
    var index = 0
    while index < html.count {
      let tag = html.firstIndex(of: UInt8(ascii: "<"), in: index..<html.count) ?? html.count
      converter.add(html, index..<tag)
      guard tag < html.count else { break }
      let next = tag + 1 < html.count ? html[tag + 1] : 0
      guard next.isAlphanumeric || next == UInt8(ascii: "/") || next == UInt8(ascii: "!") else {
        // A lone `<` is text; Django escapes it, other programs may not.
        if converter.skipUntil == nil { converter.append(UInt8(ascii: "<")) }
        index = tag + 1
        continue
      }
      index = converter.readTag(html, at: tag)
    }
    work += converter.work + html.count
    return converter.output
  }

  // MARK: - Tags

  /// Reads a tag and returns where the text after it begins.
  private mutating func readTag(_ html: borrowing Span<UInt8>, at start: Int) -> Int {
    if html.has("<!--", at: start, before: html.count) {
      guard let end = html.firstIndex(of: "-->", in: (start + 4)..<html.count) else { return html.count }
      return end + 3
    }
    let stop = close(html, from: start)
    var index = start + 1
    let isEnd = index < stop && html[index] == UInt8(ascii: "/")
    if isEnd { index += 1 }
    let nameStart = index
    while index < stop, html[index].isAlphanumeric { index += 1 }
    let name = nameStart..<index
    // A lone `<` is text; Django escapes it, other programs may not.
    guard !name.isEmpty || html.has("<!", at: start, before: stop) else {
      add(html, start..<(start + 1))
      return start + 1
    }
    if let wanted = skipUntil {
      if isEnd, html.equalsIgnoringCase(name, wanted) { skipUntil = nil }
    } else if isEnd {
      close(html, name)
    } else {
      open(html, name, attributes: index..<stop)
    }
    return Swift.min(stop + 1, html.count)
  }

  private mutating func close(_ html: borrowing Span<UInt8>, from start: Int) -> Int {
    if nextClose < start {
      nextClose = html.firstIndex(of: UInt8(ascii: ">"), in: start..<html.count) ?? html.count
      work += nextClose - start
    }
    return nextClose
  }

  /// The tags that matter, looked up by their names in lower case.
  private enum Tag {
    case style, script, title, table, ol, div, li, code, pre, td, th, block

    init?(_ html: borrowing Span<UInt8>, _ name: Range<Int>) {
      guard name.count <= 8 else { return nil }
      var word: UInt64 = 0
      for index in name { word = word << 8 | UInt64(html[index].asciiLowercased) }
      guard let tag = Self.words[word] else { return nil }
      self = tag
    }

    private static let words: [UInt64: Tag] = {
      var words: [UInt64: Tag] = [:]
      func add(_ name: String, _ tag: Tag) { words[name.utf8.reduce(0) { $0 << 8 | UInt64($1) }] = tag }
      let named: [(String, Tag)] = [
        ("style", .style), ("script", .script), ("title", .title), ("table", .table), ("ol", .ol), ("div", .div),
        ("li", .li), ("code", .code), ("pre", .pre), ("td", .td), ("th", .th),
      ]
      for (name, tag) in named { add(name, tag) }
      for name in ["p", "br", "tr", "ul", "h1", "h2", "h3", "h4", "dl", "dt", "dd", "hr", "body"] { add(name, .block) }
      return words
    }()

    /// True if the tag begins a line and ends one.
    var isBlock: Bool {
      switch self {
      case .block, .div, .li, .ol, .table: true
      case .style, .script, .title, .code, .pre, .td, .th: false
      }
    }
  }

  private mutating func open(_ html: borrowing Span<UInt8>, _ name: Range<Int>, attributes: Range<Int>) {
    func has(_ wanted: StaticString) -> Bool { html.firstIndex(of: wanted, in: attributes) != nil }
    guard let tag = Tag(html, name) else { return }
    switch tag {
    case .style: return skipUntil = "style"
    case .script: return skipUntil = "script"
    case .title: return skipUntil = "title"
    case .table where has("class=\"vars\""): return skipUntil = "table"
    case .ol where has("pre-context") || has("post-context"): return skipUntil = "ol"
    case .div where has("class=\"commands\""): return skipUntil = "div"
    case .div where has("id=\"traceback\""): return addLine("Traceback (most recent call last):")
    case .div where has("id=\"requestinfo\""): return addLine("Request information:")
    case .li where has("class=\"frame"):
      endLine()
      expectsFile = true
    case .ol where has("context-line"):
      endLine()
      isInCode = true
      add("    ")
    case .code where expectsFile:
      expectsFile = false
      isInFile = true
      add("  File \"")
    case .pre: isPreformatted = true
    case .td: append(output.isEmpty || output.last == UInt8(ascii: "\n") ? Self.mark : 0x20)
    case .table, .ol, .div, .li, .block: if !isInCode { endLine() }
    case .code, .th: break
    }
  }

  private mutating func close(_ html: borrowing Span<UInt8>, _ name: Range<Int>) {
    guard let tag = Tag(html, name) else { return }
    if tag == .code, isInFile {
      isInFile = false
      add("\"")
    } else if tag == .pre {
      isPreformatted = false
      if isInCode { isInCode = false }
      endLine()
    } else if tag.isBlock {
      endLine()
    }
  }

  // MARK: - Text

  private mutating func add(_ html: borrowing Span<UInt8>, _ range: Range<Int>) {
    guard skipUntil == nil else { return }
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = html[index]
      if byte == UInt8(ascii: "&") {
        index = addReference(html, at: index, end: range.upperBound)
        continue
      }
      if byte == UInt8(ascii: "\n"), isPreformatted, !isInCode {
        append(byte)
        append(Self.mark)
      } else if byte.isBlank, !isPreformatted || isInCode && byte == UInt8(ascii: "\n") && isLineBlank {
        // A line end that opens a <pre> is not shown (HTML, 4.4.3).
        if let last = output.last, !last.isBlank { append(0x20) }
      } else {
        append(byte)
      }
      index += 1
    }
  }

  private mutating func append(_ byte: UInt8) {
    output.append(byte)
    isLineBlank = byte == UInt8(ascii: "\n") || isLineBlank && byte == 0x20
  }

  private mutating func addReference(_ html: borrowing Span<UInt8>, at start: Int, end: Int) -> Int {
    let limit = Swift.min(end, start + 12)
    guard let stop = html.firstIndex(of: UInt8(ascii: ";"), in: start..<limit) else {
      append(UInt8(ascii: "&"))
      return start + 1
    }
    let name = (start + 1)..<stop
    if html.equals(name, "lt") {
      append(UInt8(ascii: "<"))
    } else if html.equals(name, "gt") {
      append(UInt8(ascii: ">"))
    } else if html.equals(name, "amp") {
      append(UInt8(ascii: "&"))
    } else if html.equals(name, "quot") {
      append(UInt8(ascii: "\""))
    } else if html.equals(name, "nbsp") {
      append(0x20)
    } else if let scalar = Self.scalar(html, name) {
      for byte in String(Character(scalar)).utf8 { append(byte) }
    } else {
      append(UInt8(ascii: "&"))
      return start + 1
    }
    return stop + 1
  }

  /// Returns the character of `#39` or `#x27`, or nil for other names.
  private static func scalar(_ html: borrowing Span<UInt8>, _ name: Range<Int>) -> Unicode.Scalar? {
    guard name.count >= 2, html[name.lowerBound] == UInt8(ascii: "#") else { return nil }
    let isHex = html[name.lowerBound + 1].asciiLowercased == UInt8(ascii: "x")
    var value: UInt32 = 0
    for index in (name.lowerBound + (isHex ? 2 : 1))..<name.upperBound {
      guard let digit = html[index].hexValue, isHex || digit < 10, value < 0x11_0000 else { return nil }
      value = value * (isHex ? 16 : 10) + UInt32(digit)
    }
    return value == 0 ? nil : Unicode.Scalar(value)
  }

  private mutating func add(_ text: StaticString) {
    for offset in 0..<text.utf8CodeUnitCount { append(text.utf8Start[offset]) }
  }

  private mutating func addLine(_ text: StaticString) {
    endLine()
    add(text)
    endLine()
  }

  private mutating func endLine() {
    while output.last == 0x20 { output.removeLast() }
    if let last = output.last, last != UInt8(ascii: "\n") { append(UInt8(ascii: "\n")) }
  }
}
