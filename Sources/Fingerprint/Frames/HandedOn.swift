import MailMessage

/// A line of code that may only pass on what its function was given: a chain of names, calls and subscripts, the last
/// of which takes nothing but names.
///
///     return TABLES[table][key]                    raise ShopError(code, message)
///     value = data["result"][key]                  return model.objects.get(**kw)
///     return reverse(name, args=args)              subprocess.run(command, check=True)
///     raise ShopError('no %s' % name)              form.save()
///
/// `length * RATES[kind]`, `row['price']` and `words[0]` are calculations or lookups of the function's own.
struct HandedOn {
  /// True if the line raises (or asserts), rather than calls.
  private(set) var isRaise = false
  /// True for `raise error`: the exception was given to the function, or made before.
  private(set) var isRaisedAsGiven = false
  /// True if the last call or subscript takes only names, at least one, and nothing stands beside the chain.
  private(set) var handsNamesOn = false
  /// True if the first argument of the last call is a name.
  private(set) var handsFirstOn = false
  /// True if a subscript of the chain takes a name, and none takes anything else.
  private(set) var asksByName = false
  /// True for `cls(**data)`, `handler(*args)`.
  private(set) var isStarred = false
  /// True for `stock.pop(key)`, `rows.remove(row)`, `names.index(name)`.
  private(set) var takesOut = false
  /// True for `getattr(order, name)`.
  private(set) var getsAttribute = false
  /// True for `form.save()`, `return queryset.count()`: a method of a single name, without arguments.
  private(set) var asksNameAlone = false
  /// True for `get_setting(f"SHOP_{name}")`: every argument is a name, or a text that contains one.
  private(set) var handsTextOn = false

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
    read(text, start..<line.upperBound)
  }

  private mutating func read(_ text: borrowing Span<UInt8>, _ chain: Range<Int>) {
    var index = Self.name(text, from: chain.lowerBound, before: chain.upperBound)
    guard index > chain.lowerBound else { return }
    let isAlone = index == chain.upperBound || isRaise && text.has(" from ", at: index, before: chain.upperBound)
    guard !isAlone else {
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
    let isWhole = index == chain.upperBound || isRaise && text.has(" from ", at: index, before: chain.upperBound)
    guard !last.isEmpty, isWhole else { return readOpen(text, last) }
    asksByName = !asks.isEmpty && !asks.contains(false)
    guard last.upperBound + 1 == index else { return }
    readLast(text, last, called)
  }

  /// Reads the last call if something else follows the chain: `subprocess.run(command)` in a `with`.
  private mutating func readOpen(_ text: borrowing Span<UInt8>, _ last: Range<Int>) {
    guard !last.isEmpty else { return }
    handsFirstOn = Self.items(text, last.lowerBound + 1..<last.upperBound).first.map { Self.isName(text, $0) } ?? false
  }

  private mutating func readLast(_ text: borrowing Span<UInt8>, _ last: Range<Int>, _ called: Range<Int>) {
    let items = Self.items(text, last.lowerBound + 1..<last.upperBound)
    handsFirstOn = items.first.map { Self.isName(text, $0) } ?? false
    isStarred = items.contains { text[$0.lowerBound] == UInt8(ascii: "*") }
    let isCall = text[last.lowerBound] == UInt8(ascii: "(")
    // `Order.objects.get(pk=pk)` always asks for the same kind of object.
    let isOwnQuestion = isCall && !isRaise && !isStarred && text[called.lowerBound].isUppercase
    let areNames = items.allSatisfy { Self.isName(text, $0) }
    let areTexts = !areNames && isCall && Self.areTexts(text, last.lowerBound + 1..<last.upperBound)
    let names = areNames || areTexts && isRaise
    let handsItselfOn =
      items.isEmpty
      && (text.has("self.", at: called.lowerBound, before: called.upperBound)
        || text.has("super().", at: called.lowerBound, before: called.upperBound))
    handsNamesOn = names && !isOwnQuestion && (!items.isEmpty || handsItselfOn)
    handsTextOn = areTexts && !isOwnQuestion
    asksNameAlone = items.isEmpty && isCall && Self.isMethodOfName(text, called)
    getsAttribute = text.equals(called, "getattr")
    for word: StaticString in [".pop", ".remove", ".index"]
    where text.has(word, at: last.lowerBound - word.utf8CodeUnitCount, before: last.lowerBound) {
      takesOut = true
    }
  }

  /// The index of the bracket that closes the one at `index`. Nil if there is no bracket, or it stays open.
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

  /// The arguments of a call, split at its commas. A comma inside a bracket or a string splits an argument too; its
  /// parts are then not names.
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

  /// True if each argument is a name, or a text with a name in it: `'no %s' % name`,
  /// `code, 'no {} in {}'.format(name, place)`. Commas in strings and brackets do not split arguments here.
  private static func areTexts(_ text: borrowing Span<UInt8>, _ inside: Range<Int>) -> Bool {
    var start = inside.lowerBound
    var index = start
    while index < inside.upperBound {
      let byte = text[index]
      if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
        guard let end = endOfString(text, at: index, before: inside.upperBound) else { return false }
        index = end
      } else if let close = closing(text, from: index, before: inside.upperBound) {
        index = close
      } else if byte == UInt8(ascii: ",") {
        let item = text.trimmed(start..<index)
        guard isName(text, item) || isFilledIn(text, item) else { return false }
        start = index + 1
      }
      index += 1
    }
    let item = text.trimmed(start..<inside.upperBound)
    return item.isEmpty || isName(text, item) || isFilledIn(text, item)
  }

  /// The index of the last quote of the string that begins at `index`, or nil if the string stays open.
  private static func endOfString(_ text: borrowing Span<UInt8>, at index: Int, before end: Int) -> Int? {
    var at = index + 1
    while at < end {
      if text[at] == text[index] { return at }
      at += text[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  /// True for `f'{name} is required'`, `'%s is required' % name`, `_('{} is required').format(name)`, `'no ' + name`.
  private static func isFilledIn(_ text: borrowing Span<UInt8>, _ item: Range<Int>) -> Bool {
    guard let quote = item.first(where: { text[$0] == UInt8(ascii: "'") || text[$0] == UInt8(ascii: "\"") }),
      let end = endOfString(text, at: quote, before: item.upperBound)
    else { return false }
    if quote > item.lowerBound, text[quote - 1] == UInt8(ascii: "f"),
      text.firstIndex(of: UInt8(ascii: "{"), in: quote..<end) != nil
    {
      return true
    }
    // `name + ' is required'`
    if isPlus(text, before: quote, item) { return true }
    var index = end + 1
    if index < item.upperBound, text[index] == UInt8(ascii: ")") { index += 1 }
    return text.has(" % ", at: index, before: item.upperBound)
      || text.has(".format(", at: index, before: item.upperBound)
      || text.has(" + ", at: index, before: item.upperBound)
  }

  private static func isPlus(_ text: borrowing Span<UInt8>, before quote: Int, _ item: Range<Int>) -> Bool {
    quote > item.lowerBound + 3 && text.has(" + ", at: quote - 3, before: quote)
  }

  /// True for `form.save`, but not for `self.form.save` or `save`.
  private static func isMethodOfName(_ text: borrowing Span<UInt8>, _ called: Range<Int>) -> Bool {
    guard let first = called.first, text[first].isLowercase || text[first] == UInt8(ascii: "_"),
      let dot = text.firstIndex(of: UInt8(ascii: "."), in: called)
    else { return false }
    let method = dot + 1..<called.upperBound
    return name(text, from: dot + 1, before: called.upperBound) == called.upperBound
      && text.firstIndex(of: UInt8(ascii: "."), in: method) == nil
  }

  /// True for `key`, `self.key`, `*args`, `**kw`, `key=key`, `args=[key]`.
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
