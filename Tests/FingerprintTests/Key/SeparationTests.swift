import Fingerprint
import Testing

/// One sentence per case: two bugs that look alike and must stay apart, because joining them would hide one.
@Suite struct SeparationTests {
  static let different: [Change] = [
    Change("the type is another one at the same line") { $0.type = "TypeError" },
    Change("another line of the same function fails with the same type") {
      $0.frames[2].source = "return RATES[currency]"
    },
    Change("the same code stands in another function") { $0.frames[2].function = "subtotal" },
    Change("the same code and function stand in another module") {
      $0.frames[2].file = "/srv/shop/releases/20250101/gifts/pricing.py"
    },
    Change("the same file name stands in another package of the same name") {
      $0.frames[2].file = "/srv/shop/releases/20250101/api/orders/pricing.py"
    },
    Change("the view itself fails, in the same library frames") { $0.frames.removeLast() },
    Change("the error is wrapped: another cause is behind the same wrapper") {
      $0.cause = ([.init("/srv/shop/releases/20250101/orders/feeds.py", "load", "return json.loads(text)")], "no json")
    },
  ]

  @Test("two bugs stay apart when", arguments: different)
  func apart(_ change: Change) throws {
    var changed = SampleMail()
    change.apply(&changed)
    let other = try #require(changed.fingerprint)
    #expect(other != SampleMail().fingerprint)
  }

  @Test("two causes behind one wrapper stay apart")
  func causes() throws {
    var one = SampleMail()
    one.cause = ([.init("/srv/shop/releases/20250101/orders/feeds.py", "load", "return json.loads(text)")], "x")
    var two = one
    two.cause = ([.init("/srv/shop/releases/20250101/orders/feeds.py", "load", "return rows[number]")], "x")
    let name = try #require(one.fingerprint)
    #expect(name != two.fingerprint)
  }

  @Test(
    "one database call that fails for different reasons is different errors",
    arguments: [
      "deadlock detected", "canceling statement due to lock timeout", "canceling statement due to statement timeout",
      "duplicate key value violates unique constraint \"order_number_key\"",
      "duplicate key value violates unique constraint \"order_token_key\"",
    ])
  func databaseReasons(_ text: String) throws {
    var sample = SampleMail()
    sample.type = "OperationalError"
    sample.value = "could not serialize access due to concurrent update"
    let other = try #require(sample.fingerprint)
    sample.value = text
    let name = try #require(sample.fingerprint)
    #expect(name != other)
  }

  @Test("library-only errors are told apart by their text")
  func libraryOnly() throws {
    var one = SampleMail()
    one.frames.removeSubrange(1...)
    one.type = "ValueError"
    one.value = "The view api.views.status didn't return an HttpResponse object. It returned None instead."
    var two = one
    two.value = "The view api.views.hook didn't return an HttpResponse object. It returned None instead."
    let name = try #require(one.fingerprint)
    #expect(name != two.fingerprint)
  }

  @Test("another text or caller inside of one group is another variant, and families have one variant")
  func variants() throws {
    var caller = SampleMail()
    caller.frames[1].function = "invoice"
    #expect(caller.fingerprint == SampleMail().fingerprint)
    let variant = try #require(caller.variant)
    #expect(variant != SampleMail().variant)
    var outage = SampleMail()
    outage.type = "OperationalError"
    outage.value = "FATAL:  sorry, too many clients already"
    outage.frames.append(
      .init("/usr/lib/python3/dist-packages/psycopg2/__init__.py", "connect", "conn = _connect(dsn)"))
    var elsewhere = outage
    elsewhere.frames[1].function = "invoice"
    elsewhere.value = "FATAL:  too many connections for role \"shop\""
    let name = try #require(outage.fingerprint)
    #expect(name == elsewhere.fingerprint)
    #expect(outage.variant == elsewhere.variant)
  }
}
