/// Formats for numbers with and without units. A plain `0` needs no unit if the range begins at 0.

extension ValueFormat<Duration> {
  /// The format of whole seconds, written with the largest unit that leaves no remainder: `90s`, `10min`, `1h`, `5d`.
  static func duration(_ range: ClosedRange<Duration>) -> Self {
    let seconds = range.lowerBound.components.seconds...range.upperBound.components.seconds
    let quantity = Quantity(
      kind: "duration", allowed: seconds, units: [("s", 1), ("min", 60), ("h", 3600), ("d", 86_400)],
      otherNames: [
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "m": "min", "mins": "min", "minute": "min",
        "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d",
      ])
    return ValueFormat(
      syntax: quantity.syntax, range: quantity.range,
      read: { (text) throws(ValueProblem) in .seconds(try quantity.read(text)) },
      write: { quantity.write($0.components.seconds) })
  }
}

extension ValueFormat<Int> {
  /// The format of sizes in octets: `500B`, `512KiB`, `25MiB`. KB and MB are refused: they may mean 1000 or 1024.
  static func size(_ range: ClosedRange<Int>) -> Self {
    let quantity = Quantity(
      kind: "size", allowed: Int64(range.lowerBound)...Int64(range.upperBound),
      units: [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
      otherNames: [
        "byte": "B", "bytes": "B", "k": "KiB", "kb": "KiB", "m": "MiB", "mb": "MiB", "g": "GiB", "gb": "GiB",
      ])
    return ValueFormat(
      syntax: quantity.syntax, range: quantity.range,
      read: { (text) throws(ValueProblem) in Int(try quantity.read(text)) },
      write: { quantity.write(Int64($0)) })
  }

  /// The format of a plain number.
  static func count(_ range: ClosedRange<Int>) -> Self {
    ValueFormat(
      syntax: "a number", range: "\(range.lowerBound) to \(range.upperBound)",
      read: { (text) throws(ValueProblem) in
        guard let (number, unit) = splitNumber(text), unit.isEmpty else {
          throw ValueProblem(item: text, what: "is not a whole number", remedy: "write digits only", example: .ofTheKey)
        }
        guard let value = Int(exactly: number), range.contains(value) else {
          throw ValueProblem(
            item: text, what: "is out of range", remedy: "write \(range.lowerBound) to \(range.upperBound)")
        }
        return value
      },
      write: { String($0) })
  }
}

extension ValueFormat<Double> {
  /// The format of a share in whole per cent: `20%` is 0.2.
  static func percentage(_ range: ClosedRange<Int>) -> Self {
    let quantity = Quantity(
      kind: "percentage", allowed: Int64(range.lowerBound)...Int64(range.upperBound), units: [("%", 1)],
      otherNames: ["percent": "%", "pc": "%"])
    return ValueFormat(
      syntax: quantity.syntax, range: quantity.range,
      read: { (text) throws(ValueProblem) in Double(try quantity.read(text)) / 100 },
      write: { quantity.write(Int64(exactly: ($0 * 100).rounded()) ?? 0) })
  }
}

/// A whole number with a unit.
private struct Quantity: Sendable {
  let kind: String
  /// The range, in the smallest unit.
  let allowed: ClosedRange<Int64>
  /// The units, the smallest first.
  let units: [(name: String, factor: Int64)]
  /// The units by what people write instead, in lower case.
  let otherNames: [String: String]

  var syntax: String { units.count > 1 ? "a \(kind) in \(unitNames)" : "a \(kind)" }

  var range: String { "\(write(allowed.lowerBound)) to \(write(allowed.upperBound))" }

  private var unitNames: String { enumerated(units.map(\.name)) }

  func write(_ value: Int64) -> String {
    if value == 0, units.count > 1 { return "0" }
    guard let unit = units.last(where: { value % $0.factor == 0 }) else { return String(value) }
    return "\(value / unit.factor)\(unit.name)"
  }

  func read(_ text: String) throws(ValueProblem) -> Int64 {
    guard let (number, unit) = splitNumber(text) else { throw notOne(text, example: .ofTheKey) }
    guard let factor = units.first(where: { $0.name == unit })?.factor ?? (number == 0 && unit.isEmpty ? 1 : nil) else {
      throw wrongUnit(text, number: number, unit: unit)
    }
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow, allowed.contains(value) else {
      throw ValueProblem(item: text, what: "is out of range", remedy: "write \(range)")
    }
    return value
  }

  private func wrongUnit(_ text: String, number: Int64, unit: String) -> ValueProblem {
    if unit.isEmpty {
      return ValueProblem(
        item: text, what: "has no unit",
        remedy: "write " + enumerated(units.map { "\(number)\($0.name)" }))
    }
    let word = String(unit.lowercased().drop { $0 == " " })
    let meant = otherNames[word] ?? units.first { $0.name.lowercased() == word }?.name
    return notOne(text, example: meant.map { .this("\(number)\($0)") } ?? .ofTheKey)
  }

  private func notOne(_ text: String, example: ValueProblem.Example) -> ValueProblem {
    ValueProblem(item: text, what: "is not a \(kind)", remedy: "write a number with \(unitNames)", example: example)
  }
}

/// Returns the words as a list, e.g. `s, min or h`.
private func enumerated(_ words: [String]) -> String {
  guard words.count > 1, let last = words.last else { return words.joined() }
  return words.dropLast().joined(separator: ", ") + " or " + last
}

/// Splits `text` into the digits at its start and the rest; nil if it does not start with a digit. Numbers too large
/// for 64 bits saturate: they are out of every range.
private func splitNumber(_ text: String) -> (number: Int64, rest: String)? {
  let digits = text.unicodeScalars.prefix { ("0"..."9").contains($0) }
  guard !digits.isEmpty else { return nil }
  let rest = text.unicodeScalars.dropFirst(digits.count)
  let number = Int64(String(digits)) ?? .max
  return (number, String(rest))
}
