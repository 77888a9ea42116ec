import Fingerprint

/// Builds error mails for tables of cases: a report in Django's layout or a plain traceback, with the parts that a
/// case is about changed.
struct SampleMail {
  var subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: /cart/"
  var headers = ""
  var message = "Internal Server Error: /cart/"
  var type = "KeyError"
  var value = "'price'"
  var pythonPath = [
    "/srv/shop/releases/20250101", "/usr/lib/python3.11", "/srv/shop/venv/lib/python3.11/site-packages",
  ]
  /// `INSTALLED_APPS`
  var applications = ["orders"]
  var settings = "shop.settings"
  /// Further lines of the settings, as Django prints them.
  var settingsLines = ""
  var view = "orders.views.cart"
  /// What the visitor asked for, as it stands in the head and behind the type.
  var path = "/cart/"
  /// The name of a form field.
  var key = "x"
  var frames = [
    Frame(
      "/srv/shop/venv/lib/python3.11/site-packages/django/core/handlers/base.py", "_get_response", "response = f()"),
    Frame("/srv/shop/releases/20250101/orders/views.py", "cart", "return total(lines)"),
    Frame("/srv/shop/releases/20250101/orders/pricing.py", "total", "return sum(line['price'] for line in lines)"),
  ]
  /// The cause, if there is one: its frames and its text.
  var cause: (frames: [Frame], text: String)?

  struct Frame {
    var file: String
    var function: String
    var source: String
    var line = 7
    var marker: String?

    init(_ file: String, _ function: String, _ source: String, line: Int = 7, marker: String? = nil) {
      self.file = file
      self.function = function
      self.source = source
      self.line = line
      self.marker = marker
    }

    var text: String {
      "  File \"\(file)\", line \(line), in \(function)\n    \(source)\n" + (marker.map { "    \($0)\n" } ?? "")
    }
  }

  /// Django prints all of its settings.
  static let otherSettings = (1...20).map { "DEFAULT_\($0) = None\n" }.joined()

  private var installed: String { applications.map { "'\($0)'" }.joined(separator: ",\n ") }

  /// The report's text as Django 3 and later write it.
  var report: String {
    var text = "\(message)\n\n\(type) at \(path)\n\(value)\n\nRequest Method: GET\n"
    text += "Request URL: http://shop.example.org/cart/\nDjango Version: 4.2\nPython Executable: /usr/bin/python3\n"
    text += "Python Version: 3.11.2\nPython Path: [\(pythonPath.map { "'\($0)'" }.joined(separator: ", "))]\n"
    text += "Server time: Mon, 03 Mar 2025 10:00:00 +0000\nInstalled Applications:\n[\(installed)]\n"
    text += "Installed Middleware:\n['django.middleware.common.CommonMiddleware']\n\n\n"
    text += "Traceback (most recent call last):\n"
    if let cause {
      text += cause.frames.map(\.text).joined()
      text += "\nThe above exception (\(cause.text)) was the direct cause of the following exception:\n"
    }
    text += frames.map(\.text).joined()
    text += "\nException Type: \(type) at \(path)\nException Value: \(value)\nRaised during: \(view)\n"
    return text + "Request information:\nUSER: AnonymousUser\n\nGET: No GET data\n\nPOST:\n\(key) = 'y'\n\n"
      + "FILES: No FILES data\n\nCOOKIES: No cookie data\n\nMETA:\nHTTP_HOST = 'shop.example.org'\n\nSettings:\n"
      + "Using settings module \(settings)\nDEBUG = False\n\(Self.otherSettings)\(settingsLines)"
  }

  /// The same error as Python prints it.
  var traceback: String {
    var text = "Traceback (most recent call last):\n"
    if let cause {
      text += cause.frames.map(\.text).joined() + "ValueError: \(cause.text)\n\n"
      text += "The above exception was the direct cause of the following exception:\n\n"
      text += "Traceback (most recent call last):\n"
    }
    return text + frames.map(\.text).joined() + "\(type)\(value.isEmpty ? "" : ": ")\(value)\n"
  }

  func mail(_ body: String) -> [UInt8] {
    let head =
      "Subject: \(subject)\nFrom: django@shop.example.org\nTo: admin@example.org\n\(headers)"
      + "Content-Type: text/plain; charset=\"utf-8\"\nContent-Transfer-Encoding: 8bit\n\n"
    return Array((head + body).replacing("\n", with: "\r\n").utf8)
  }

  /// The mail with the report.
  var bytes: [UInt8] { mail(report) }

  var fingerprint: String? { Self.fingerprint(bytes) }
  var variant: String? { Self.report(bytes)?.variant }

  static func report(_ mail: [UInt8]) -> FingerprintedReport? {
    if case .report(let report) = ReportReader().judge(mail) { return report }
    return nil
  }

  static func fingerprint(_ mail: [UInt8]) -> String? { report(mail)?.fingerprint.text }

  /// What became of a mail in one word: its reason, or `report`.
  static func outcome(_ mail: [UInt8]) -> String {
    switch ReportReader().judge(mail) {
    case .pass(let reason): reason.rawValue
    case .doubt(let doubt): doubt.reason.rawValue
    case .report: "report"
    }
  }
}

extension String {
  fileprivate func replacing(_ old: Character, with new: String) -> String {
    var output = ""
    for character in self { output += character == old ? new : String(character) }
    return output
  }
}
