import Fingerprint

/// A mail around a plain traceback, for tables of cases: what a product, a human or another system writes beside it.
struct OwnLayout: Sendable {
  /// As Python's `make_msgid` makes it.
  static let numbered = "<179601025818.12603.6581494278367945011@web1>"
  /// As mail programs make it.
  static let random = "<5f3c1a9e-8a41-4c1e-9d0f-2b7f1c0e1234@example.net>"

  var subject: String
  var body: String
  var from = "root@localhost"
  var id: String? = Self.numbered
  var headers = ""
  var type = "text/plain; charset=\"utf-8\""

  static let frames = """
      File "/srv/shop/venv/lib/python3.11/site-packages/celery/app/trace.py", line 564, in trace_task
        R = retval = fun(*args, **kwargs)
      File "/srv/shop/orders/tasks.py", line 12, in nightly_totals
        return total(lines)
      File "/srv/shop/orders/pricing.py", line 7, in total
        return sum(line['price'] for line in lines)

    """

  static let traceback = "Traceback (most recent call last):\n\(frames)KeyError: 'price'\n"

  /// The same as Python 3.13 colours it.
  static let coloured =
    "Traceback (most recent call last):\n"
    + "  File \u{1B}[35m\"/srv/shop/venv/lib/python3.11/site-packages/celery/app/trace.py\"\u{1B}[0m, "
    + "line \u{1B}[35m564\u{1B}[0m, in \u{1B}[35mtrace_task\u{1B}[0m\n"
    + "    R = retval = \u{1B}[31mfun\u{1B}[0m\u{1B}[1;31m(*args, **kwargs)\u{1B}[0m\n"
    + "  File \u{1B}[35m\"/srv/shop/orders/tasks.py\"\u{1B}[0m, line \u{1B}[35m12\u{1B}[0m, in "
    + "\u{1B}[35mnightly_totals\u{1B}[0m\n    return \u{1B}[31mtotal\u{1B}[0m\u{1B}[1;31m(lines)\u{1B}[0m\n"
    + "  File \u{1B}[35m\"/srv/shop/orders/pricing.py\"\u{1B}[0m, line \u{1B}[35m7\u{1B}[0m, in \u{1B}[35mtotal\u{1B}[0m\n"
    + "    return sum(\u{1B}[31mline\u{1B}[0m\u{1B}[1;31m['price']\u{1B}[0m for line in lines)\n"
    + "               \u{1B}[31m~~~~\u{1B}[0m\u{1B}[1;31m^^^^^^^^^\u{1B}[0m\n"
    + "\u{1B}[1;35mKeyError\u{1B}[0m: \u{1B}[35m'price'\u{1B}[0m\n"

  init(
    _ subject: String, _ body: String, from: String = "root@localhost", id: String? = Self.numbered,
    headers: String = "",
    type: String = "text/plain; charset=\"utf-8\""
  ) {
    (self.subject, self.body, self.from, self.id) = (subject, body, from, id)
    (self.headers, self.type) = (headers, type)
  }

  var bytes: [UInt8] {
    let head =
      "Subject: \(subject)\nFrom: \(from)\nTo: ops@example.org\n" + (id.map { "Message-ID: \($0)\n" } ?? "") + headers
      + "Content-Type: \(type)\nContent-Transfer-Encoding: 8bit\n\n"
    var output: [UInt8] = []
    for octet in (head + body).utf8 {
      if octet == UInt8(ascii: "\n") { output.append(UInt8(ascii: "\r")) }
      output.append(octet)
    }
    return output
  }

  var fingerprint: String? { SampleMail.fingerprint(bytes) }

  /// A text part and an attached one.
  static func parts(_ text: String, _ name: String, _ attached: String, type: String = "text/plain") -> String {
    "--b\nContent-Type: text/plain; charset=utf-8\n\n\(text)\n--b\nContent-Type: \(type)\n"
      + "Content-Disposition: attachment; filename=\"\(name)\"\n\n\(attached)\n--b--\n"
  }
}
