/// The permissions of a file, as in `chmod`.
package struct FileMode: Hashable, Sendable, CustomStringConvertible {
  /// The permission bits, 0 to 0o777.
  package let bits: UInt16

  package init(bits: UInt16) { self.bits = bits & 0o777 }

  /// The mode in octal, e.g. `0660`.
  package var description: String {
    let digits = String(bits, radix: 8)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}

extension ValueFormat<FileMode> {
  /// The format of a mode: octal, with or without the leading zero.
  static let fileMode = ValueFormat(
    syntax: "a mode in octal, as chmod has it", range: "0000 to 0777",
    read: { (text) throws(ValueProblem) in
      let digits = text.utf8.count == 4 && text.utf8.first == UInt8(ascii: "0") ? text.dropFirst() : text[...]
      guard digits.utf8.count == 3, digits.utf8.allSatisfy(\.isDigit), let bits = UInt16(digits, radix: 8) else {
        throw ValueProblem(
          item: text, what: "is not a mode", remedy: "write three digits from 0 to 7", example: .ofTheKey)
      }
      return FileMode(bits: bits)
    },
    write: { $0.description })
}
