/// One item of a list in a rule.
struct RuleItem: Hashable {
  var text: String
  /// True if the item is in double quotes: a literal in `fingerprint`, a pattern with a comma elsewhere.
  var isQuoted: Bool
  /// The start of the item in the value, in Unicode scalars; an opening quote counts as its start.
  var offset: Int
}

/// Returns the items of a value like `type, "a, b", host`: separated by commas outside of double quotes, with the
/// blanks around them removed. A quote inside an item is an ordinary character.
func ruleItems(of value: String) throws(ValueProblem) -> [RuleItem] {
  let scalars = Array(value.unicodeScalars)
  let line = SourceLine(scalars: scalars, file: "", number: 0)
  var items: [RuleItem] = []
  var index = 0
  while true {
    while index < scalars.count, scalars[index].isBlank { index += 1 }
    let start = index
    if index < scalars.count, scalars[index] == "\"" {
      guard let close = scalars[(index + 1)...].firstIndex(of: "\"") else {
        throw ValueProblem(
          item: line.text(start..<scalars.count), offset: start, what: "starts with a quote and does not end with one",
          remedy: "write \"text\"")
      }
      index = close + 1
      while index < scalars.count, scalars[index].isBlank { index += 1 }
      guard index == scalars.count || scalars[index] == "," else {
        throw ValueProblem(
          item: line.text(start..<close + 1), offset: start, what: "has text behind its quotes",
          remedy: "separate items by commas")
      }
      items.append(RuleItem(text: line.text(start + 1..<close), isQuoted: true, offset: start))
    } else {
      index = scalars[start...].firstIndex(of: ",") ?? scalars.count
      items.append(RuleItem(text: line.trimmed(start..<index).text, isQuoted: false, offset: start))
    }
    if let last = items.last, last.text.isEmpty {
      throw ValueProblem(
        item: "", offset: last.offset, what: scalars.isEmpty ? "is empty" : "has an empty item",
        remedy: scalars.isEmpty ? "write a value" : "write one comma between two items and none at the end",
        example: .ofTheKey)
    }
    guard index < scalars.count else { return items }
    index += 1
  }
}

/// Returns the item as it is written in a file, quoted where necessary.
func ruleText(_ text: String, quoted: Bool = false) -> String {
  guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return "\"\"" }
  return quoted || first.isBlank || last.isBlank || first == "\"" || text.contains(",") ? "\"\(text)\"" : text
}
