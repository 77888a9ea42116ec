import MailMessage

/// A line of code that may only hand on what its function was given: a chain of names, calls and subscripts, of which the
/// last one takes nothing but names.
///
///     return TABLES[table][key]                    raise ShopError(code, message)
///     value = data["result"][key]                  return model.objects.get(**kw)
///     return reverse(name, args=args)              subprocess.run(command, check=True)
///
/// `length * RATES[kind]`, `row['price']` and `words[0]` are calculations or questions of the function's own.
struct HandedOn {
  /// The line raises, rather than calls.
  private(set) var isRaise = false
  /// `raise error`: what it was given, or made before.
  private(set) var isRaisedAsGiven = false
  /// The last call or subscript takes names alone, one at least, and nothing stands beside the chain.
  private(set) var handsNamesOn = false
  /// The first thing that the last call takes is a name.
  private(set) var handsFirstOn = false
  /// A subscript of the chain takes a name, and none takes anything else.
  private(set) var asksByName = false
  /// `cls(**data)`, `handler(*args)`
  private(set) var isStarred = false
  /// `stock.pop(key)`, `rows.remove(row)`, `names.index(name)`
  private(set) var takesOut = false
  /// `getattr(order, name)`
  private(set) var getsAttribute = false

  init(_ text: borrowing Span<UInt8>, _ source: Range<Int>) {
    let line = source.lowerBound..<Swift.min(source.upperBound, source.lowerBound + 400)
    if text.has("assert ", at: line.lowerBound, before: line.upperBound) {
      isRaise = true
      handsNamesOn = Self.items(text, line.lowerBound + 7..<line.upperBound).allSatisfy { Self.isName(text, $0) }
      return
    }
    var start = line.lowerBound
    for word: StaticString in ["raise ", "return ", "yield ", "await "]
    where text.has(word, at: start, before: line.upperBound) {
      isRaise = isRaise || start == line.lowerBound && text.has("raise ", at: start, before: line.upperBound)
      start += word.utf8CodeUnitCount
    }
    let target = Self.name(text, from: start, before: line.upperBound)
    if text.has(" = ", at: target, before: line.upperBound) { start = target + 3 }
    if text.has("await ", at: start, before: line.upperBound) { start += 6 }
    var end = line.upperBound
    if isRaise, let from = text.firstIndex(of: " from ", in: start..<end) { end = from }
    read(text, start..<end)
  }

  private mutating func read(_ text: borrowing Span<UInt8>, _ chain: Range<Int>) {
    var index = Self.name(text, from: chain.lowerBound, before: chain.upperBound)
    guard index > chain.lowerBound else { return }
    guard index < chain.upperBound else {
      isRaisedAsGiven = isRaise && text[chain.lowerBound].isLowercase
      return
    }
    var last = index..<index
    var called = chain.lowerBound..<index
    var asks: [Bool] = []
    while index < chain.upperBound, let close = Self.closing(text, from: index, before: chain.upperBound) {
      last = index..<close
      if text[index] == UInt8(ascii: "[") {
        asks.append(Self.items(text, index + 1..<close).allSatisfy { Self.isName(text, $0) })
      }
      called = called.lowerBound..<index
      index = Self.name(text, from: close + 1, before: chain.upperBound)
    }
    guard !last.isEmpty, index == chain.upperBound else { return readOpen(text, last) }
    asksByName = !asks.isEmpty && !asks.contains(false)
    guard last.upperBound + 1 == index else { return }
    readLast(text, last, called)
  }

  /// What follows the chain is something else: `subprocess.run(command)` in a `with`.
  private mutating func readOpen(_ text: borrowing Span<UInt8>, _ last: Range<Int>) {
    guard !last.isEmpty else { return }
    handsFirstOn = Self.items(text, last.lowerBound + 1..<last.upperBound).first.map { Self.isName(text, $0) } ?? false
  }

  private mutating func readLast(_ text: borrowing Span<UInt8>, _ last: Range<Int>, _ called: Range<Int>) {
    let items = Self.items(text, last.lowerBound + 1..<last.upperBound)
    handsFirstOn = items.first.map { Self.isName(text, $0) } ?? false
    isStarred = items.contains { text[$0.lowerBound] == UInt8(ascii: "*") }
    let isCall = text[last.lowerBound] == UInt8(ascii: "(")
    // `Order.objects.get(pk=pk)` asks for what it always asks for.
    let isOwnQuestion = isCall && !isRaise && !isStarred && text[called.lowerBound].isUppercase
    let names = items.allSatisfy { Self.isName(text, $0) || isRaise && Self.isFilledIn(text, $0) }
    let handsItselfOn =
      items.isEmpty
      && (text.has("self.", at: called.lowerBound, before: called.upperBound)
        || text.has("super().", at: called.lowerBound, before: called.upperBound))
    handsNamesOn = names && !isOwnQuestion && (!items.isEmpty || handsItselfOn)
    getsAttribute = text.equals(called, "getattr")
    for word: StaticString in [".pop", ".remove", ".index"]
    where text.has(word, at: last.lowerBound - word.utf8CodeUnitCount, before: last.lowerBound) {
      takesOut = true
    }
  }

  /// Where the bracket that opens at `index` closes; nil: it is none, or stays open.
  private static func closing(_ text: borrowing Span<UInt8>, from index: Int, before end: Int) -> Int? {
    guard text[index] == UInt8(ascii: "(") || text[index] == UInt8(ascii: "[") else { return nil }
    var depth = 0
    var quote: UInt8 = 0
    for at in index..<end {
      let byte = text[at]
      if quote != 0 {
        if byte == quote, text[at - 1] != UInt8(ascii: "\\") { quote = 0 }
        continue
      }
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""): quote = byte
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { return at }
      default: break
      }
    }
    return nil
  }

  /// What stands between the commas of a call. One in a bracket or a string of an item ends that item too, which is then no
  /// name.
  private static func items(_ text: borrowing Span<UInt8>, _ inside: Range<Int>) -> [Range<Int>] {
    var items: [Range<Int>] = []
    var start = inside.lowerBound
    for index in inside where text[index] == UInt8(ascii: ",") {
      items.append(text.trimmed(start..<index))
      start = index + 1
    }
    let last = text.trimmed(start..<inside.upperBound)
    return last.isEmpty ? items : items + [last]
  }

  /// `f'{name} is required'`
  private static func isFilledIn(_ text: borrowing Span<UInt8>, _ item: Range<Int>) -> Bool {
    (text.has("f'", at: item.lowerBound, before: item.upperBound)
      || text.has("f\"", at: item.lowerBound, before: item.upperBound))
      && text.firstIndex(of: UInt8(ascii: "{"), in: item) != nil
  }

  /// `key`, `self.key`, `*args`, `**kw`, `key=key`, `args=[key]`.
  private static func isName(_ text: borrowing Span<UInt8>, _ item: Range<Int>) -> Bool {
    var item = item
    while let last = item.last, text[last] == UInt8(ascii: "]") || text[last] == UInt8(ascii: ")") {
      item = item.lowerBound..<last
    }
    var start = item.lowerBound
    while start < item.upperBound, text[start] == UInt8(ascii: "*") { start += 1 }
    var end = name(text, from: start, before: item.upperBound)
    if end > start, end < item.upperBound, text[end] == UInt8(ascii: "=") {
      start = end + 1
      while start < item.upperBound, text[start] == UInt8(ascii: "[") || text[start] == UInt8(ascii: "(") { start += 1 }
      end = name(text, from: start, before: item.upperBound)
    }
    guard end > start, end == item.upperBound, !text[start].isDigit else { return false }
    return !["True", "False", "None"].contains { text.equals(start..<end, $0) }
  }

  private static func name(_ text: borrowing Span<UInt8>, from start: Int, before end: Int) -> Int {
    var index = start
    while index < end, text[index].isNameByte || text[index] == UInt8(ascii: ".") { index += 1 }
    return index
  }
}
