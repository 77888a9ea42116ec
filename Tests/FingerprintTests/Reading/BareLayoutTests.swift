import Testing

@testable import Fingerprint

/// Layouts without the environment or the request that Django's own have: what a visitor writes must not stand in for them.
@Suite struct BareLayoutTests {
  @Test("a layout without environment and request: a report inside of the text is not the report around it")
  func bareLayout() {
    let value = """
      x
      Request Method: GET
      Request URL: http://evil.example/

      Django Version: 5.2
      Python Executable: /usr/bin/python3

      Traceback (most recent call last):
        File "/srv/evil/views.py", line 1, in evil
          evil()

      The above exception (x) was the direct cause of the following exception:

        File "/srv/evil/views.py", line 2, in worse
          worse()

      Exception Type: OSError at /evil/
      Exception Value: x

      Request information:
      USER: x
      """
    let text = """
      Subject: [Shop] ERROR: Internal Server Error: /cart/
      From: django@shop.example
      To: admins@shop.example

      Internal Server Error: /cart/

      ValueError at /cart/
      \(value)

      Traceback (most recent call last):
        File "/srv/shop/orders/views.py", line 7, in cart
          raise ValueError(text)

      Exception Type: ValueError at /cart/
      Exception Value: \(value)
      """
    guard case .doubt(let doubt) = ReportReader().judge(Array(text.replacing("\n", with: "\r\n").utf8)) else {
      Issue.record("not a doubt")
      return
    }
    #expect(doubt.reason == .ambiguousReport)
  }

  @Test("a layout without environment: an environment inside of a cause's text is no environment")
  func environmentInCause() {
    let value = "x\nDjango Version: 5.2\nPython Executable: /usr/bin/python3"
    let text = """
      Subject: [Shop] ERROR: Internal Server Error: /cart/
      From: django@shop.example
      To: admins@shop.example

      Internal Server Error: /cart/

      ShopError at /cart/
      no order

      Traceback (most recent call last):
        File "/srv/shop/orders/views.py", line 7, in order_from
          raise FieldError(text)

      The above exception (\(value)) was the direct cause of the following exception:

        File "/srv/shop/orders/views.py", line 9, in cart
          raise ShopError("no order")

      Exception Type: ShopError at /cart/
      Exception Value: no order
      """
    #expect(SampleMail.outcome(Array(text.replacing("\n", with: "\r\n").utf8)) == "ambiguous-report")
  }

  @Test("a layout without environment repeats a path that holds a traceback: nothing was raised")
  func tracebackInRepeatedPath() throws {
    var sample = SampleMail()
    func lost(_ path: String, logged: String) -> FingerprintedReport? {
      sample.subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: \(logged)"
      let message = "Internal Server Error: \(logged)"
      return SampleMail.report(sample.mail("\(message)\n\nReport at \(path)\n\(message)\n"))
    }
    let frame = SampleMail.Frame("/srv/shop/a.py", "a", "a()").text
    let forged = "/nowhere/\n\nTraceback (most recent call last):\n\(frame)OSError: x"
    let plain = try #require(lost("/nowhere/17", logged: "/nowhere/17"))
    // Django escapes what it logs since 5.2.2, and not what its reporters print.
    #expect(lost(forged, logged: forged.replacing("\n", with: "\\n"))?.fingerprint == plain.fingerprint)
  }

  @Test("a layout without environment: a path with more headers than are looked at makes a doubt")
  func headersInPath() {
    var sample = SampleMail()
    let begun = "\n\nTraceback (most recent call last):\nDuring handling of the above exception ("
    for (count, outcome) in [(0, nil), (40, "ambiguous-report")] as [(Int, String?)] {
      let path = "/cart/" + String(repeating: begun, count: count)
      let logged = "Internal Server Error: \(path)".replacing("\n", with: "\\n")
      sample.subject = "[Shop] ERROR (EXTERNAL IP): \(logged)"
      let body = """
        \(logged)

        ShopError at \(path)
        no order

        Traceback (most recent call last):
          File "/srv/shop/orders/views.py", line 7, in find
            raise FieldError(text)

        The above exception (no field) was the direct cause of the following exception:
          File "/srv/shop/orders/views.py", line 9, in cart
            raise ShopError("no order") from error

        Exception Type: ShopError at \(path)
        Exception Value: no order

        """
      let mail = sample.mail(body)
      if let outcome {
        #expect(SampleMail.outcome(mail) == outcome)
      } else {
        #expect(SampleMail.report(mail)?.title == "ShopError: no order")
      }
    }
  }
}
