/// Metrics in the text format of Prometheus, version 0.0.4.
package struct Exposition: Hashable, Sendable {
  /// The type of a metric.
  package enum Kind: String, Hashable, Sendable {
    case counter, gauge, histogram
  }

  /// One value with its labels, in their order.
  package struct Sample: Hashable, Sendable {
    package var labels: [Label]
    package var value: Double

    package init(_ value: Double, _ labels: [Label] = []) {
      self.labels = labels
      self.value = value
    }
  }

  package struct Label: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  private var lines: [String] = []

  package init() {}

  /// Adds a metric family. A family without samples still shows that the metric exists.
  ///
  /// - Parameters:
  ///   - name: the name with its unit. Counters end in `_total`.
  ///   - help: a description of one sentence.
  package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
    lines.append("# HELP \(name) \(Self.escaped(help, quotes: false))")
    lines.append("# TYPE \(name) \(kind.rawValue)")
    for sample in samples { lines.append("\(name)\(Self.text(of: sample.labels)) \(Self.text(of: sample.value))") }
  }

  package mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    add(name, kind, help, [Sample(Double(value))])
  }

  /// Adds a histogram.
  package mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
    lines.append("# HELP \(name) \(Self.escaped(help, quotes: false))")
    lines.append("# TYPE \(name) \(Kind.histogram.rawValue)")
    var below = 0
    for (bound, count) in zip(histogram.bounds, histogram.counts) {
      below += count
      lines.append("\(name)_bucket{le=\"\(Self.text(of: bound))\"} \(below)")
    }
    lines.append("\(name)_bucket{le=\"+Inf\"} \(histogram.count)")
    lines.append("\(name)_sum \(Self.text(of: histogram.sum))")
    lines.append("\(name)_count \(histogram.count)")
  }

  package var text: String { lines.joined(separator: "\n") + "\n" }

  private static func text(of labels: [Label]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
  }

  private static func text(of value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

/// Counts of values by upper bound.
package struct Histogram: Hashable, Sendable {
  /// The upper bounds in ascending order. Each bucket counts the values up to and including its own bound.
  package let bounds: [Double]
  package private(set) var counts: [Int]
  package private(set) var sum = 0.0
  /// The number of all values, including those above the last bound.
  package private(set) var count = 0

  package init(bounds: [Double]) {
    self.bounds = bounds
    counts = bounds.map { _ in 0 }
  }

  package mutating func add(_ value: Double) {
    sum += value
    count += 1
    if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
  }
}
