import Fingerprint
import Testing

/// What a person reads of a variant.
@Suite("What tells a variant from others")
struct VariantTraitsTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var sentence: String
    /// Changes the sample, whose `cart` calls `total`, which raises `KeyError: 'price'`.
    var change: @Sendable (inout SampleMail) -> Void
    var text = "'price'"
    var innermost = "orders/pricing.py in total"
    var caller = "orders/views.py in cart"

    var testDescription: String { sentence }
  }

  static let cases = [
    Case(sentence: "text, innermost frame and caller are those of the exception", change: { _ in }),
    Case(
      sentence: "words that normalisation takes out of the key stand in the text", change: { $0.value = "'sku-8841'" },
      text: "'sku-8841'"),
    Case(
      sentence: "of a text of several lines the first one is shown", change: { $0.value = "two lines\nof text" },
      text: "two lines"),
    Case(
      sentence: "a text is cut to 200 characters", change: { $0.value = String(repeating: "ä", count: 300) },
      text: String(repeating: "ä", count: 200)),
    Case(
      sentence: "control characters of a visitor are blanks", change: { $0.value = "a\u{1B}[31mb\u{202E}c" },
      text: "a [31mb c"),
    Case(sentence: "an exception without a text has none", change: { $0.value = "" }, text: ""),
    Case(
      sentence: "a library that raised is the innermost place, and the caller is still the application's",
      change: {
        let file = "/srv/shop/venv/lib/python3.11/site-packages/requests/api.py"
        $0.frames.append(.init(file, "get", "return request('get', url)"))
      }, innermost: "requests/api.py in get"),
    Case(
      sentence: "another caller is shown", change: { $0.frames[1].function = "invoice" },
      caller: "orders/views.py in invoice"),
    Case(
      sentence: "without a second frame of the application there is no caller", change: { $0.frames.remove(at: 1) },
      caller: ""),
  ]

  @Test("a report", arguments: cases)
  func report(_ test: Case) throws {
    var mail = SampleMail()
    test.change(&mail)
    let report = try #require(SampleMail.report(mail.bytes))
    #expect(report.traits.text == test.text)
    #expect(report.traits.innermost == test.innermost)
    #expect(report.traits.caller == test.caller)
  }

  @Test("a logged message is its own text and has no places")
  func message() throws {
    let text =
      "Service Unavailable: /cart/7\n\nReport at /x\nService Unavailable: /cart/7\n\nRequest Method: GET\n"
      + "Request URL: http://shop.example.org/x\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n"
      + "Python Version: 3.11.2\nPython Path: ['/srv/shop']\nServer time: Mon, 03 Mar 2025 10:00:00 +0000\n"
      + "Request information:\nUSER: AnonymousUser\n\nSettings:\nUsing settings module shop.settings\n"
      + SampleMail.otherSettings
    let report = try #require(SampleMail.report(SampleMail().mail(text)))
    #expect(report.traits.text == "Service Unavailable: /cart/7")
    #expect(report.traits.innermost.isEmpty && report.traits.caller.isEmpty)
  }
}
