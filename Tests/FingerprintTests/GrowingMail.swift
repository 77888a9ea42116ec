/// A mail that grows: one unit of text repeated in one place, between what stands before and behind.
///
/// The table is `Corpus/growing.txt`; `Benchmarks/growing` measures the time of the same mails.
struct GrowingMail: Sendable {
  let shows: String
  let place: Place
  let before: [UInt8]
  let unit: [UInt8]
  let after: [UInt8]

  /// Where the text stands.
  enum Place: String, Sendable {
    case text, html, header, subject, from, multipart, nested, base64
    case quotedPrintable = "quoted-printable"
    case contentType = "content-type"
    /// Parts of Django's report.
    case value, cause, request, message
  }

  static let all: [GrowingMail] = TextTable.rows(Corpus.root + "growing.txt").compactMap { row in
    guard row.count == 5, let place = Place(rawValue: row[1]) else { return nil }
    return GrowingMail(
      shows: row[0], place: place, before: TextTable.unescaped(row[2]), unit: TextTable.unescaped(row[3]),
      after: TextTable.unescaped(row[4]))
  }

  /// The mail with at least `count` octets of repeated text, every line end CR LF.
  func mail(of count: Int) -> [UInt8] {
    var text = before
    for _ in 0..<(count / unit.count + 1) { text += unit }
    text += after
    var mail: [UInt8] = []
    for octet in around(text) {
      if octet == UInt8(ascii: "\n") { mail.append(UInt8(ascii: "\r")) }
      mail.append(octet)
    }
    return mail
  }

  private func around(_ text: [UInt8]) -> [UInt8] {
    let plain = Self.head + "Content-Type: text/plain; charset=utf-8\n\n"
    switch place {
    case .text: return Array(plain.utf8) + text
    case .html: return Array((Self.head + "Content-Type: text/html; charset=utf-8\n\n").utf8) + text
    case .header: return Array(Self.head.utf8) + text + Array("\nbody\n".utf8)
    case .subject: return Array("Subject: [Shop] ERROR: ".utf8) + text + Array(("\n" + plain).utf8)
    case .from: return Array("From: ".utf8) + text + Array(("\n" + plain).utf8)
    case .base64, .quotedPrintable:
      return Array((Self.head + "Content-Transfer-Encoding: \(place.rawValue)\n\n").utf8) + text
    case .contentType: return Array((Self.head + "Content-Type: multipart/mixed; boundary=b").utf8) + text + [10, 10]
    case .multipart: return Array((Self.head + "Content-Type: multipart/mixed; boundary=b\n\n").utf8) + text
    case .nested: return Array((Self.head + Self.nest).utf8) + text
    case .value, .cause, .request, .message: return Array(plain.utf8) + report(text)
    }
  }

  private func report(_ text: [UInt8]) -> [UInt8] {
    let environment =
      "\nRequest Method: GET\nDjango Version: 4.2\nPython Executable: /usr/bin/python3\nPython Version: 3.11.2\n"
      + "Python Path: ['/srv/shop']\nServer time: Mon, 03 Mar 2025 10:00:00 +0000\n\nTraceback (most recent call last):\n"
    let frame = "  File \"/srv/shop/orders/views.py\", line 7, in cart\n    return total(lines)\n"
    func part(_ place: Place, _ word: String) -> [UInt8] { self.place == place ? text : Array(word.utf8) }
    var report = Array("Internal Server Error: /cart/\n".utf8) + part(.message, "")
    report += Array("\nKeyError at /cart/\n".utf8)
    report += part(.value, "x") + Array((environment + frame + "\nThe above exception (").utf8) + part(.cause, "x")
    report += Array(") was the direct cause of the following exception:\n\(frame)\n".utf8)
    report += Array("Exception Type: KeyError at /cart/\nException Value: ".utf8) + part(.value, "x")
    report += Array("\nRequest information:\nGET:\n".utf8)
    return report + part(.request, "x = 'y'") + Array("\n\nSettings:\nUsing settings module shop.settings\n".utf8)
      + Array(SampleMail.otherSettings.utf8)
  }

  private static let head = "Subject: [Shop] ERROR: x\nFrom: django@shop.example\nTo: admins@shop.example\n"

  private static let nest = (0..<98).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }.joined()
}
