import MailMessage

/// Splits the path of a file. Both kinds of slash separate, so that Windows paths read like others.
enum ModulePath {
  @inline(__always)
  static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") }

  /// The first directory of a module path, or the module without its `.py`.
  static func top(_ text: borrowing Span<UInt8>, _ module: Range<Int>) -> Range<Int> {
    for index in module where isSeparator(text[index]) { return module.lowerBound..<index }
    let dot = text.firstIndex(of: UInt8(ascii: "."), in: module)
    return module.lowerBound..<(dot ?? module.upperBound)
  }

  /// Returns `shop` for `shop.settings.production`.
  static func topOfDotted(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Range<Int> {
    name.lowerBound..<(text.firstIndex(of: UInt8(ascii: "."), in: name) ?? name.upperBound)
  }

  /// The name of the file without its directories.
  static func name(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int> {
    var index = file.upperBound
    while index > file.lowerBound, !isSeparator(text[index - 1]) { index -= 1 }
    return index..<file.upperBound
  }

  static func isAbsolute(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Bool {
    guard file.count > 1 else { return false }
    if isSeparator(text[file.lowerBound]) { return true }
    return file.count > 2 && text[file.lowerBound + 1] == UInt8(ascii: ":") && isSeparator(text[file.lowerBound + 2])
  }

  static func isCompiled(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Bool {
    text.has(".pyx", at: file.upperBound - 4, before: file.upperBound)
      || text.has(".pxd", at: file.upperBound - 4, before: file.upperBound)
      || text.has(".pxi", at: file.upperBound - 4, before: file.upperBound)
  }

  static func withoutDot(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int> {
    var start = file.lowerBound
    while file.upperBound - start > 2, text[start] == UInt8(ascii: "."), isSeparator(text[start + 1]) { start += 2 }
    return start..<file.upperBound
  }

  /// The path below `root`, or `nil` if the file is not below it.
  @inline(__always)
  static func below(_ text: borrowing Span<UInt8>, _ root: Range<Int>, _ file: Range<Int>) -> Range<Int>? {
    guard file.count > root.count + 1, isSeparator(text[file.lowerBound + root.count]),
      text.same(root, file.lowerBound..<(file.lowerBound + root.count))
    else { return nil }
    return (file.lowerBound + root.count + 1)..<file.upperBound
  }

  /// The path below `root` as in `below`, for an entry of `Python Path` with backslashes, which `repr` doubles:
  /// `'C:\\sites\\shop'`.
  static func belowEscaped(_ text: borrowing Span<UInt8>, _ root: Range<Int>, _ file: Range<Int>) -> Range<Int>? {
    var at = file.lowerBound
    var index = root.lowerBound
    while index < root.upperBound {
      guard at < file.upperBound, text[at] == text[index] else { return nil }
      if text[index] == UInt8(ascii: "\\"), text.has("\\\\", at: index, before: root.upperBound) { index += 1 }
      index += 1
      at += 1
    }
    guard at + 1 < file.upperBound, isSeparator(text[at]) else { return nil }
    return (at + 1)..<file.upperBound
  }

  /// The path below the innermost `site-packages` or `dist-packages`, or nil if there is none. Eggs have a directory of
  /// their own there: `Foo-1.0-py3.8.egg/foo/models.py`.
  @inline(__always)
  static func installed(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    var found: Int?
    var from = file.lowerBound
    while let hit = text.firstIndex(of: "-packages", in: from..<file.upperBound) {
      from = hit + 9
      let isSite = text.has("site", at: hit - 4, before: hit) || text.has("dist", at: hit - 4, before: hit)
      if isSite, hit - 5 >= file.lowerBound, isSeparator(text[hit - 5]), from < file.upperBound,
        isSeparator(text[from])
      {
        found = from + 1
      }
    }
    guard var start = found, start < file.upperBound else { return nil }
    for index in start..<file.upperBound where isSeparator(text[index]) {
      if text.has(".egg", at: index - 4, before: index) || text.has(".whl", at: index - 4, before: index) {
        start = index + 1
      }
      break
    }
    return start..<file.upperBound
  }

  /// The path below `lib/python3.11`, `lib64/python3.11`, `python311.zip` or a Windows `Python311\Lib`, or nil if the
  /// file is not there.
  @inline(__always)
  static func standardLibrary(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard let start = firstOf(text, file, "/python", "/pypy") else { return windowsLibrary(text, file) }
    var from = start
    while let hit = firstOf(text, from..<file.upperBound, "/python", "/pypy") {
      from = hit + 1
      guard let slash = separator(text, in: from..<file.upperBound) else { break }
      let name = from..<slash
      let isZip = text.has(".zip", at: slash - 4, before: slash)
      let isLibrary =
        text.has("lib", at: hit - 3, before: hit) || text.has("lib64", at: hit - 5, before: hit)
      if isZip || (isLibrary && hasDigit(text, name)) { return (slash + 1)..<file.upperBound }
    }
    return windowsLibrary(text, file)
  }

  private static func windowsLibrary(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int>? {
    guard let hit = text.firstIndex(of: "\\lib\\", in: file) ?? text.firstIndex(of: "\\Lib\\", in: file),
      text.firstIndex(of: "ython", in: file.lowerBound..<hit) != nil
    else { return nil }
    return (hit + 5)..<file.upperBound
  }

  /// The name of a start script without `.py`, `…/bin/gunicorn`, `…/bin/celery`, or of Nix
  /// `…/bin/.gunicorn-wrapped`. Nil if the file is none.
  static func script(_ text: borrowing Span<UInt8>, _ file: Range<Int>, readsNix: Bool) -> Range<Int>? {
    guard let bin = text.firstIndex(of: "bin/", in: file), bin > file.lowerBound,
      isSeparator(text[bin - 1]) || text[bin - 1] == UInt8(ascii: "s")
    else { return nil }
    var name = (bin + 4)..<file.upperBound
    if readsNix, text.has(".", at: name.lowerBound, before: name.upperBound),
      text.has("-wrapped", at: name.upperBound - 8, before: name.upperBound)
    {
      name = name.lowerBound + 1..<name.upperBound
    }
    guard !name.isEmpty, separator(text, in: name) == nil,
      text.firstIndex(of: UInt8(ascii: "."), in: name) == nil
    else { return nil }
    return name
  }

  private static func firstOf(
    _ text: borrowing Span<UInt8>, _ range: Range<Int>, _ one: StaticString, _ other: StaticString
  ) -> Int? {
    text.firstIndex(of: one, in: range) ?? text.firstIndex(of: other, in: range)
  }

  static func separator(_ text: borrowing Span<UInt8>, in range: Range<Int>) -> Int? {
    for index in range where isSeparator(text[index]) { return index }
    return nil
  }

  private static func hasDigit(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    for index in range where text[index].isDigit { return true }
    return false
  }
}
