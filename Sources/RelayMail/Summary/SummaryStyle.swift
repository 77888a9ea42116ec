/// The pieces of the HTML part: rows of one table, with inline colours for clients that drop style sheets. In dark mode
/// the colours of the style sheet replace them. Clients that invert colours on their own (Gmail) find none so light or
/// so dark that it would vanish.
enum SummaryStyle {
  /// The colour of anything that needs attention. White text on it has a contrast of 5:1.
  static let alarm = "#c2410c"
  static let calm = "#3f6fb5"

  /// Returns text with its HTML characters escaped. Text from mail must never become markup.
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

  /// Returns a row of the card. If `isFirst`, there is no line above it.
  static func row(_ content: String, isFirst: Bool = false) -> String {
    let line = isFirst ? "" : ";border-top:1px solid #d8dee4"
    return """
      <tr><td class="line" style="padding:14px 20px\(line);overflow-wrap:anywhere;word-break:break-word">\
      \(content)</td></tr>\n
      """
  }

  static func heading(_ title: String) -> String {
    """
    <tr><td class="band line" bgcolor="#eef1f4" style="padding:7px 20px;background:#eef1f4;\
    border-top:1px solid #d8dee4;font-size:13px;font-weight:bold">\(escape(title))</td></tr>\n
    """
  }

  /// Returns small grey text. `content` is markup.
  static func soft(_ content: String, above: Int = 0) -> String {
    let margin = above > 0 ? ";margin-top:\(above)px" : ""
    return "<div class=\"soft\" style=\"font-size:12px;color:#57606a\(margin)\">\(content)</div>"
  }

  /// Returns numbers in columns of equal width, so that they are aligned from entry to entry.
  static func numbers(_ numbers: [(value: String, label: String)], size: Int, above: Int) -> String {
    let width = 100 / max(1, numbers.count)
    let cells = numbers.map { value, label in
      """
      <td width="\(width)%" valign="top" style="padding:0 6px 0 0"><span style="font-size:\(size)px;font-weight:bold">\
      \(escape(value))</span><br><span class="soft" style="font-size:12px;color:#57606a">\(escape(label))</span></td>
      """
    }
    return """
      <table role="presentation" width="100%" cellpadding="0" cellspacing="0" \
      style="table-layout:fixed;margin-top:\(above)px"><tr>\(cells.joined())</tr></table>
      """
  }

  static func head(title: String) -> String {
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
    .base { background: #6e7681 !important; }
    .alarm { color: #ff9b6a !important; }
    }
    </style></head>

    """
  }

  static let open = """
    <body class="page" style="margin:0;padding:0;background:#f3f5f7;color:#1f2328">
    <table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#f3f5f7" \
    style="background:#f3f5f7"><tr><td align="center" style="padding:16px 8px">
    <table class="card" role="presentation" width="640" cellpadding="0" cellspacing="0" bgcolor="#fdfdfe" \
    style="width:100%;max-width:640px;background:#fdfdfe;color:#1f2328;text-align:left;\
    font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45">

    """

  static let close = "</table>\n</td></tr></table>\n</body></html>\n"
}
