/// A table of texts in a file that programs of other languages read as well: columns between tabs, a sentence first.
enum TextTable {
  static func rows(_ path: String) -> [[String]] {
    String(decoding: Corpus.bytes(path), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
  }

  /// Reads `\n`, `\\`, `\xHH` and `\0OOO` as `printf %b` does.
  static func unescaped(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
        output.append(octet)
        continue
      }
      switch kind {
      case UInt8(ascii: "n"): output.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r"): output.append(UInt8(ascii: "\r"))
      case UInt8(ascii: "\\"): output.append(kind)
      case UInt8(ascii: "x"): output.append(number(&rest, digits: 2, radix: 16))
      case UInt8(ascii: "0"): output.append(number(&rest, digits: 3, radix: 8))
      default: output += [octet, kind]
      }
    }
    return output
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int, radix: Int) -> UInt8 {
    defer { rest = rest.dropFirst(digits) }
    return UInt8(String(decoding: rest.prefix(digits), as: UTF8.self), radix: radix) ?? 0
  }
}
