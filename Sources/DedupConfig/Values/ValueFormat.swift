/// The format of one kind of values: how they are read, written, and described in the reference.
///
/// A format reads exactly what it writes: `read(write(value)) == value` for every value in its range.
struct ValueFormat<Value: Sendable>: Sendable {
  /// The syntax for the reference: what to write, with the units, e.g. `a duration in s, min, h or d`.
  let syntax: String
  /// The range for the reference: what is allowed, e.g. `1s to 30d`; nil if there is no range.
  let range: String?
  let read: @Sendable (String) throws(ValueProblem) -> Value
  let write: @Sendable (Value) -> String
}

/// The reason why a value, or one item of a list, is refused.
struct ValueProblem: Error, Hashable {
  /// The text that the message quotes: the value, or the item of the list. Empty: nothing is quoted.
  var item: String
  /// The start of the item in the value, in Unicode scalars.
  var offset = 0
  /// The continuation of `"item" …`, e.g. `is not a duration`.
  var what: String
  /// The advice what to write instead, e.g. `write a number with s, min, h or d`.
  var remedy: String
  var example = Example.none

  enum Example: Hashable {
    case none
    /// The example of the key's reference.
    case ofTheKey
    /// The value that was probably meant.
    case this(String)
  }

  /// Returns the sentence for the diagnostic.
  func message(exampleOfKey: String) -> String {
    let example: String? =
      switch example {
      case .none: nil
      case .ofTheKey: exampleOfKey
      case .this(let text): text
      }
    return (item.isEmpty ? "" : "\"\(excerpt(item))\" ") + "\(what); \(remedy)" + (example.map { ", e.g. \($0)" } ?? "")
  }
}

extension ValueFormat {
  /// The format of an optional value: an empty text means nil.
  static func optional<Wrapped>(_ format: ValueFormat<Wrapped>) -> Self where Value == Wrapped? {
    ValueFormat(
      syntax: format.syntax + ", or empty", range: format.range,
      read: { (text) throws(ValueProblem) in text.isEmpty ? nil : try format.read(text) },
      write: { $0.map(format.write) ?? "" })
  }

  /// The format of an optional value: `no` means nil.
  static func orNo<Wrapped>(_ format: ValueFormat<Wrapped>) -> Self where Value == Wrapped? {
    ValueFormat(
      syntax: "no, or " + format.syntax, range: format.range,
      read: { (text) throws(ValueProblem) in
        if text == "no" { return nil }
        do throws(ValueProblem) { return try format.read(text) } catch {
          var problem = error
          problem.remedy = problem.remedy.replacing("write ", with: "write no, or ", maxReplacements: 1)
          throw problem
        }
      },
      write: { $0.map(format.write) ?? "no" })
  }

  /// The format of items separated by commas; blanks around them are ignored.
  /// - Parameter name: the name of the items in the reference, e.g. `durations in s, min, h or d`.
  static func list<Item>(_ format: ValueFormat<Item>, of name: String, mayBeEmpty: Bool = false) -> Self
  where Value == [Item] {
    ValueFormat(
      syntax: "\(name), separated by commas" + (mayBeEmpty ? ", or empty" : ""), range: format.range,
      read: { (text) throws(ValueProblem) in
        if text.isEmpty, mayBeEmpty { return [] }
        var values: [Item] = []
        for (item, offset) in items(of: text) { values.append(try format.readItem(item, at: offset)) }
        return values
      },
      write: { $0.map(format.write).joined(separator: ", ") })
  }

  private func readItem(_ item: String, at offset: Int) throws(ValueProblem) -> Value {
    do throws(ValueProblem) {
      guard !item.isEmpty else {
        throw ValueProblem(
          item: "", what: "has an empty item", remedy: "write one comma between two items and none at the end")
      }
      return try read(item)
    } catch {
      var problem = error
      problem.offset += offset
      throw problem
    }
  }
}

/// Returns the items of a list without the blanks around them, each with the offset at which it starts.
private func items(of text: String) -> [(item: String, offset: Int)] {
  let scalars = Array(text.unicodeScalars)
  let line = SourceLine(scalars: scalars, file: "", number: 0)
  var items: [(String, Int)] = []
  var start = 0
  for end in scalars.indices.filter({ scalars[$0] == "," }) + [scalars.count] {
    let item = line.trimmed(start..<end)
    items.append((item.text, item.position.column - 1))
    start = end + 1
  }
  return items
}
