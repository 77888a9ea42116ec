import DedupCore

/// The HTML part. It uses only tables, inline styles and background colours, which Gmail, Outlook and Thunderbird all
/// support. It has no script, no image and no address that would be fetched.
struct SummaryHTML {
  let model: SummaryModel

  /// The largest size of the whole document in octets. Gmail cuts a document longer than about 100 kB.
  private static let limit = 89_000

  func render() -> String {
    let start = Style.head(title: model.subject) + Style.open + header
    let end = asides + footer + Style.close
    // The sentences about errors that are not listed come on top.
    let room = Self.limit - start.utf8.count - end.utf8.count - 1000
    return start + sections(room: room) + end
  }

  private var header: String {
    let chart = model.chart.map { chart in
      SummaryBars(cells: chart.cells, color: Style.calm, steps: 10, height: 4).render() + Self.axis(chart)
    }
    let others = model.others.map { Style.soft(Style.escape($0), above: 10) }
    return Style.row(
      """
      <div class="soft" style="font-size:13px;color:#57606a">MailDedup on \(Style.escape(model.hostname))<br>\
      \(Style.escape(model.period))</div>\
      <div style="font-size:22px;line-height:1.3;font-weight:bold;margin-top:10px">\(Style.escape(model.headline))</div>\
      <div style="margin-top:4px">\(Style.escape(model.story))</div>\
      \(balance)\(chart ?? "")\(others ?? "")
      """, isFirst: true)
  }

  private var balance: String {
    guard !model.balance.isEmpty else { return "" }
    let numbers = model.balance.map { (value: $0.count, label: $0.label) }
    return Style.numbers(numbers, size: 20, above: 16)
  }

  private static func axis(_ chart: SummaryChart) -> String {
    let sides = zip(chart.axis, ["left", "center", "right"])
    let cells = sides.map { text, side in
      """
      <td class="soft" align="\(side)" style="font-size:11px;color:#57606a;text-align:\(side)">\(Style.escape(text))</td>
      """
    }
    return """
      <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed"><tr>\
      \(cells.joined())</tr></table>
      """
  }

  /// Returns the sections with as many entries as fit into `room` octets, and the number of those that do not fit.
  private func sections(room: Int) -> String {
    var html = ""
    var isFull = false
    for section in model.sections {
      html += Style.heading("\(section.title) · \(DisplayText.number(section.all.errors))")
      var listed = 0
      for entry in section.entries where !isFull {
        let next = Self.entry(entry)
        isFull = html.utf8.count + next.utf8.count > room
        guard !isFull else { break }
        html += next
        listed += 1
      }
      if let rest = section.rest(afterListing: listed) { html += Style.row(Style.soft(Style.escape(rest))) }
    }
    return html
  }

  private static func entry(_ entry: SummaryEntry) -> String {
    let color = entry.standing.needsAttention ? Style.alarm : Style.calm
    let note = entry.note.map { note in
      """
      <div class="alarm" style="font-size:13px;color:\(Style.alarm);margin-top:2px">\(Style.escape(note))</div>
      """
    }
    return Style.row(
      """
      <div style="font-size:15px;line-height:1.35;font-weight:bold">\(mark(entry))\(Style.escape(entry.title))</div>\
      \(note ?? "")\(Style.soft(Style.escape(entry.place), above: 2))\
      \(numbers(entry))\(SummaryBars(cells: entry.cells, color: color).render())\
      \(Style.soft(details(entry), above: 4))
      """)
  }

  private static func mark(_ entry: SummaryEntry) -> String {
    guard let mark = entry.mark else { return "" }
    return """
      <span style="background:\(Style.alarm);color:#ffffff;padding:2px 6px;font-size:11px;font-weight:bold">\
      \(mark)</span>&nbsp; 
      """
  }

  private static func numbers(_ entry: SummaryEntry) -> String {
    let numbers = (entry.now + entry.before).enumerated().map { position, number in
      (value: position == 0 ? "\(number.value) \(entry.trend)" : number.value, label: number.label)
    }
    return Style.numbers(numbers, size: 15, above: 8)
  }

  private static func details(_ entry: SummaryEntry) -> String {
    let counts = [entry.share.map { $0 + " of all" }, entry.peak].compactMap { $0 }.joined(separator: ", ")
    let lines = [counts, entry.variants ?? "", entry.seen, entry.sites].filter { !$0.isEmpty }.map(Style.escape)
    return lines.joined(separator: "<br>")
      + "<br><span style=\"font-family:monospace\">dedupctl show \(Style.escape(entry.id))</span>"
  }

  private var asides: String {
    let silenced = model.silenced.map { Style.row(Style.soft(Style.escape($0))) }
    return (silenced ?? "") + Self.list("Silences that end soon", model.silences)
      + Self.list("Mail that could not be read", model.doubts) + Style.heading("The relay")
      + model.relay.map { line in
        Style.row("<div\(line.isTrouble ? " style=\"font-weight:bold\"" : "")>\(Style.escape(line.text))</div>")
      }.joined()
  }

  private static func list(_ title: String, _ items: [String]) -> String {
    guard !items.isEmpty else { return "" }
    return Style.heading(title) + Style.row(items.map(Style.escape).joined(separator: "<br>"))
  }

  private var footer: String {
    let legend = model.chart == nil ? "" : Style.escape(model.legend) + "<br>"
    let hint = model.sections.isEmpty ? "" : Style.escape(ErrorCommands.hint) + "<br>"
    return Style.row(
      Style.soft(
        """
        \(legend)All errors that are held back: <span style="font-family:monospace">dedupctl list</span>. \
        \(hint)The relay sent this mail; replies are not read.
        """))
  }

  private typealias Style = SummaryStyle
}
