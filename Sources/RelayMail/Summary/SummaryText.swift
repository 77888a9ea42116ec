import DedupCore

/// The text part: complete on its own, at most 78 columns wide, with bars in block characters.
struct SummaryText {
  let model: SummaryModel

  private static let columns = 78
  /// The size in octets beyond which no further error is listed.
  private static let budget = 200_000

  func render() -> String {
    var lines = ["MailDedup on " + DisplayText.cut(model.hostname, columns: Self.columns - 13), model.period, ""]
    lines += Self.wrapped(model.headline + ". " + model.story)
    lines += balance + chart + sections
    if let silenced = model.silenced { lines += [""] + Self.wrapped(silenced) }
    lines += list("Silences that end soon", model.silences) + list("Mail that could not be read", model.doubts)
    lines += ["", Self.rule("The relay")] + model.relay.flatMap { Self.item($0.text, mark: $0.isTrouble ? "!" : "-") }
    lines += footer
    return lines.map { $0 + "\n" }.joined()
  }

  private var balance: [String] {
    let width = model.balance.map(\.count.utf8.count).max() ?? 0
    var lines = model.balance.isEmpty ? [] : [""]
    for (label, number) in model.balance {
      lines.append("  " + Self.spaces(width - number.utf8.count) + number + "  " + label)
    }
    if let others = model.others { lines += [""] + Self.wrapped(others) }
    return lines
  }

  private var chart: [String] {
    guard let chart = model.chart, let peak = chart.peak else { return [] }
    let width = chart.cells.count
    let axis = chart.axis.map { Array($0) }
    var line = [Character](repeating: " ", count: max(width, axis.map(\.count).reduce(0, +) + 2))
    let starts = [0, (line.count - axis[1].count) / 2, line.count - axis[2].count]
    for (start, text) in zip(starts, axis) { line.replaceSubrange(start..<start + text.count, with: text) }
    return [""] + Self.bars(chart.cells, peak, indent: 2).map { "  " + $0 } + ["  " + String(line)]
  }

  /// Returns the bars with their peak, in one line if it fits.
  private static func bars(_ cells: [Int], _ peak: String, indent: Int) -> [String] {
    let fits = cells.count + 2 + DisplayText.columns(of: peak) <= columns - indent
    return fits ? ["\(Bar.sparkline(cells))  \(peak)"] : [Bar.sparkline(cells), peak]
  }

  private var sections: [String] {
    var lines: [String] = []
    var (number, octets) = (0, 0)
    for section in model.sections {
      lines += ["", Self.rule("\(section.title): \(DisplayText.number(section.all.errors))")]
      var listed = 0
      for entry in section.entries {
        let next = Self.entry(entry, number: number + 1)
        octets += next.map(\.utf8.count).reduce(0, +)
        if octets > Self.budget { break }
        lines += (listed > 0 ? [""] : []) + next
        (number, listed) = (number + 1, listed + 1)
      }
      if let rest = section.rest(afterListing: listed) { lines += (listed > 0 ? [""] : []) + Self.wrapped(rest) }
    }
    return lines
  }

  private static func entry(_ entry: SummaryEntry, number: Int) -> [String] {
    let label = "\(number). "
    let indent = spaces(4)
    let title = (entry.mark.map { $0 + "  " } ?? "") + entry.title
    var lines = DisplayText.wrap(title, columns: columns - max(4, label.utf8.count), limit: 3)
    lines = lines.enumerated().map { $0 == 0 ? label + spaces(4 - label.utf8.count) + $1 : indent + $1 }
    var details = entry.note.map { DisplayText.wrap($0, columns: columns - 4) } ?? []
    details += DisplayText.wrap(numbers(entry), columns: columns - 4) + (entry.variants.map { [$0] } ?? [])
    if let peak = entry.peak { details += bars(entry.cells, peak, indent: 4) }
    details += DisplayText.wrap(entry.seen, columns: columns - 4)
    details += labelled("site", entry.sites) + labelled("place", entry.place)
    details += labelled("more", "dedupctl show \(entry.id)")
    return lines + details.map { indent + $0 }
  }

  /// Returns the numbers in words, e.g. `↑ 1,315 arrived (91 %), 1,310 held back · day before 0, 7-day mean 0`.
  private static func numbers(_ entry: SummaryEntry) -> String {
    let share = entry.share.map { " (\($0))" } ?? ""
    let now = entry.now.map { "\($0.value) \($0.label)" }.joined(separator: share + ", ")
    let before = entry.before.map { "\($0.label) \($0.value)" }.joined(separator: ", ")
    return "\(entry.trend) \(now)" + (before.isEmpty ? "" : " · \(before)")
  }

  private static func labelled(_ label: String, _ value: String) -> [String] {
    DisplayText.wrap(value, columns: columns - 10, limit: 2).enumerated().map { number, line in
      (number == 0 ? label + spaces(6 - label.utf8.count) : spaces(6)) + line
    }
  }

  private func list(_ title: String, _ items: [String]) -> [String] {
    items.isEmpty ? [] : ["", Self.rule(title)] + items.flatMap { Self.item($0, mark: "-") }
  }

  private static func item(_ text: String, mark: String) -> [String] {
    DisplayText.wrap(text, columns: columns - 2).enumerated().map { ($0 == 0 ? mark + " " : "  ") + $1 }
  }

  private var footer: [String] {
    let legend = model.chart == nil ? [] : [""] + Self.wrapped(model.legend)
    return legend + [
      "", "All errors that are held back: dedupctl list", "",
    ] + (model.sections.isEmpty ? [] : Self.wrapped(ErrorCommands.hint) + [""])
      + ["The relay sent this mail; replies are not read."]
  }

  private static func wrapped(_ text: String) -> [String] { DisplayText.wrap(text, columns: columns) }

  private static func rule(_ title: String) -> String {
    "-- \(title) " + String(repeating: "-", count: max(0, columns - 4 - title.utf8.count))
  }

  private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
