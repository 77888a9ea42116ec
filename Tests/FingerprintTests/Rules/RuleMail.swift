import Fingerprint

/// An error mail with the parts that rules and versions look at.
struct RuleMail {
  var subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: /cart/"
  var type = "KeyError"
  var value = "'price'"
  var host = "shop.example.org"
  var path = "/cart/"
  var view = "orders.views.cart"
  /// File below the project, function, code.
  var frames = [
    ("orders/views.py", "cart", "return total(lines)"),
    ("orders/pricing.py", "total", "return sum(line['price'] for line in lines)"),
  ]

  private var frameLines: String {
    frames.map { "  File \"/srv/shop/\($0.0)\", line 7, in \($0.1)\n    \($0.2)\n" }.joined()
  }

  /// As Django mails it.
  var bytes: [UInt8] {
    mail(
      """
      Internal Server Error: \(path)

      \(type) at \(path)
      \(value)

      Request Method: GET
      Request URL: https://\(host):8443\(path)?page=2
      Django Version: 4.2
      Python Executable: /usr/bin/python3
      Python Version: 3.11.2
      Python Path: ['/srv/shop', '/usr/lib/python3.11']
      Server time: Mon, 03 Mar 2025 10:00:00 +0000

      Traceback (most recent call last):
      \(frameLines)
      Exception Type: \(type) at \(path)
      Exception Value: \(value)
      Raised during: \(view)
      Request information:
      USER: AnonymousUser

      Settings:
      Using settings module shop.settings
      \(SampleMail.otherSettings)
      """)
  }

  /// As Python prints it.
  var plainText: String { "Traceback (most recent call last):\n\(frameLines)\(type): \(value)\n" }

  func mail(_ body: String) -> [UInt8] {
    var text = "Subject: \(subject)\nFrom: django@shop.example.org\nContent-Type: text/plain; charset=utf-8\n"
    text += "Content-Transfer-Encoding: 8bit\n\n" + body
    return text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }

  func report(_ rules: [Rule] = []) -> FingerprintedReport? { Self.report(bytes, rules) }

  static func report(_ mail: [UInt8], _ rules: [Rule] = []) -> FingerprintedReport? {
    if case .report(let report) = ReportReader(rules: RuleSet(rules)).judge(mail) { report } else { nil }
  }
}
