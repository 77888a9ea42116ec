/// The HTML part: tables, inline styles and background colours only, since that is what Gmail, Outlook and Thunderbird
/// agree on; no script, no image, no address that would be fetched.
///
/// The colours stand inline for clients that drop style sheets; a small style sheet replaces them in the dark.
struct SummaryHTML {
  let model: SummaryModel

  /// Octets at which no further error is listed; what follows takes less than 2 kB.
  private static let budget = 84_000

  func render() -> String {
    let head = Self.head(title: model.subject) + Self.open + header
    let (entries, listed) = self.entries(room: Self.budget - head.utf8.count)
    return head + entries + rest(listed) + queue + footer + Self.close
  }

  private var header: String {
    let numbers = model.totals.map { total in
      """
      <td class="line" style="padding:8px 10px 8px 0;border-top:1px solid #d0d7de;vertical-align:top">\
      <span style="font-size:20px;font-weight:bold">\(DisplayText.number(total.count))</span><br>\
      <span class="soft" style="font-size:12px;color:#57606a">\(Self.escape(total.label))</span></td>
      """
    }
    let table =
      numbers.isEmpty
      ? ""
      : "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"margin-top:14px\"><tr>"
        + numbers.joined() + "</tr></table>"
    return Self.row(
      """
      <div class="soft" style="font-size:13px;color:#57606a">MailDedup on \(Self.escape(model.hostname))<br>\
      \(Self.escape(model.period))</div>\
      <div style="font-size:16px;margin-top:10px">\(Self.escape(model.headline))</div>\(table)
      """)
  }

  /// As many entries as fit, and how many they are.
  private func entries(room: Int) -> (html: String, listed: Int) {
    var html = ""
    for (index, entry) in model.entries.enumerated() {
      var next = Self.entry(entry)
      if index == 0 || model.entries[index - 1].section != entry.section {
        next = Self.heading(entry.section.title) + next
      }
      if html.utf8.count + next.utf8.count > room { return (html, index) }
      html += next
    }
    return (html, model.entries.count)
  }

  private static func entry(_ entry: SummaryEntry) -> String {
    let bars = SummaryBars(cells: entry.cells, color: entry.section == .new ? "#d9480f" : "#4263eb")
    let peak = entry.peak.map { "<div class=\"soft\" style=\"font-size:12px;color:#57606a\">\(escape($0))</div>" } ?? ""
    return row(
      """
      <div style="font-size:15px;font-weight:bold">\(escape(entry.title))</div>\
      <div style="margin-top:3px">\(escape(entry.counts)) · \(escape(entry.share)) · \(trend(entry))</div>\
      \(bars.render())\(peak)\
      <div class="soft" style="font-size:12px;color:#57606a;margin-top:4px">\
      \(escape(entry.place))<br>\(escape(entry.site)) · \(escape(entry.seen))<br>\
      <code>dedupctl show \(escape(entry.id))</code></div>
      """)
  }

  private static func trend(_ entry: SummaryEntry) -> String {
    guard entry.section == .new else { return "<b>\(escape(entry.trend))</b>" }
    return "<span style=\"background:#d9480f;color:#ffffff;padding:1px 6px;font-size:12px;font-weight:bold\">NEW</span>"
  }

  private func rest(_ listed: Int) -> String {
    let rest = model.rest(afterListing: listed).sentence.map { Self.escape($0) + " See: <code>dedupctl list</code>" }
    let silenced = model.silenced.sentenceOfSilence.map(Self.escape)
    return [rest, silenced].compactMap { $0 }.map { Self.row("<div>\($0)</div>") }.joined()
  }

  private var queue: String {
    let mark = model.queue.isLate ? "font-weight:bold" : ""
    return Self.heading("Queue") + Self.row("<div style=\"\(mark)\">\(Self.escape(model.queue.sentence))</div>")
  }

  private var footer: String {
    let legend = model.entries.contains { $0.peak != nil } ? Self.escape(model.legend) + "<br>" : ""
    return Self.row(
      """
      <div class="soft" style="font-size:12px;color:#57606a">\(legend)All errors that are held back: \
      <code>dedupctl list</code>. This mail comes from the relay; there is nobody to answer.</div>
      """)
  }
}

extension SummaryHTML {
  /// What mail says must never become markup.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func row(_ content: String) -> String {
    """
    <tr><td class="line" style="padding:12px 20px;border-top:1px solid #d0d7de;word-break:break-word">\
    \(content)</td></tr>\n
    """
  }

  private static func heading(_ title: String) -> String {
    """
    <tr><td class="band line" bgcolor="#eaeef2" style="padding:6px 20px;background:#eaeef2;\
    border-top:1px solid #d0d7de;font-size:13px;font-weight:bold">\(escape(title))</td></tr>\n
    """
  }

  private static func head(title: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
    <title>\(escape(title))</title>
    <style>
    @media (prefers-color-scheme: dark) {
    .page { background: #0d1117 !important; color: #e6edf3 !important; }
    .card { background: #161b22 !important; color: #e6edf3 !important; }
    .band { background: #21262d !important; }
    .line { border-color: #30363d !important; }
    .soft { color: #a9b1ba !important; }
    .base { background: #444c56 !important; }
    }
    </style></head>

    """
  }

  private static let open = """
    <body class="page" style="margin:0;padding:0;background:#f6f8fa;color:#1f2328">
    <table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#f6f8fa" \
    style="background:#f6f8fa"><tr><td align="center" style="padding:16px 8px">
    <table class="card" role="presentation" width="640" cellpadding="0" cellspacing="0" bgcolor="#ffffff" \
    style="width:100%;max-width:640px;background:#ffffff;color:#1f2328;text-align:left;\
    font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45">

    """

  private static let close = "</table>\n</td></tr></table>\n</body></html>\n"
}
