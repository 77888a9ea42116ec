/// The text part: complete on its own, at most 78 columns, bars in block characters.
struct SummaryText {
  let model: SummaryModel

  private static let columns = 78

  func render() -> String {
    var lines = ["MailDedup on " + DisplayText.cut(model.hostname, columns: Self.columns - 13), model.period, ""]
    lines += DisplayText.wrap(model.headline, columns: Self.columns)
    lines += totals + sections
    lines += ["", Self.rule("Queue")] + DisplayText.wrap(model.queue.sentence, columns: Self.columns)
    lines += footer
    return lines.map { $0 + "\n" }.joined()
  }

  private var totals: [String] {
    guard !model.totals.isEmpty else { return [] }
    let width = model.totals.map { DisplayText.number($0.count).utf8.count }.max() ?? 0
    let labels = model.totals.map(\.label.utf8.count).max() ?? 0
    return [""]
      + model.totals.map { total in
        let number = DisplayText.number(total.count)
        return "  " + total.label + Self.spaces(labels - total.label.utf8.count + 2)
          + Self.spaces(width - number.utf8.count) + number + "  " + total.note
      }
  }

  private var sections: [String] {
    var lines: [String] = []
    for (index, entry) in model.entries.enumerated() {
      if index == 0 || model.entries[index - 1].section != entry.section {
        lines += ["", Self.rule(entry.section.title)]
      } else {
        lines.append("")
      }
      lines += Self.entry(entry, number: index + 1)
    }
    if let rest = model.rest.sentence { lines += ["", rest + " See: dedupctl list"] }
    if let silenced = model.silenced.sentenceOfSilence { lines += ["", silenced] }
    return lines
  }

  private static func entry(_ entry: SummaryEntry, number: Int) -> [String] {
    let label = "\(number). "
    let indent = spaces(4)
    var lines = DisplayText.wrap(entry.title, columns: columns - max(4, label.utf8.count), limit: 3)
    lines = lines.enumerated().map { $0 == 0 ? label + spaces(4 - label.utf8.count) + $1 : indent + $1 }
    var details = DisplayText.wrap("\(entry.counts) · \(entry.share) · \(entry.trend)", columns: columns - 4)
    if let peak = entry.peak { details += ["\(Bar.sparkline(entry.cells))  \(peak)"] }
    details += DisplayText.wrap(entry.seen, columns: columns - 4)
    details += labelled("site", entry.site) + labelled("place", entry.place)
    details += labelled("more", "dedupctl show \(entry.id)")
    return lines + details.map { indent + $0 }
  }

  private static func labelled(_ label: String, _ value: String) -> [String] {
    DisplayText.wrap(value, columns: columns - 10, limit: 2).enumerated().map { number, line in
      (number == 0 ? label + spaces(6 - label.utf8.count) : spaces(6)) + line
    }
  }

  private var footer: [String] {
    let legend = model.entries.contains { $0.peak != nil } ? [""] + DisplayText.wrap(model.legend, columns: 78) : []
    return legend + [
      "", "All errors that are held back: dedupctl list", "This mail comes from the relay; there is nobody to answer.",
    ]
  }

  private static func rule(_ title: String) -> String {
    "-- \(title) " + String(repeating: "-", count: max(0, columns - 4 - title.utf8.count))
  }

  private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
