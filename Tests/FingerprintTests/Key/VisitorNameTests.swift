import Fingerprint
import Testing

/// Names that a visitor may choose (find T6): a template, a module, a table, a host. The place that asked for them is
/// one error, not each name; a name that the site wrote tells two errors apart.
@Suite struct VisitorNameTests {
  struct Asking: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    /// The text, with `NAME` where the name stands.
    let text: String
    let library: String
    /// The line that asks with a variable, and the one that holds the name itself.
    let variable: String
    let literal: String

    func sample(_ name: String, source: String) -> SampleMail {
      var sample = SampleMail()
      sample.type = type
      sample.value = text.split(separator: "NAME", omittingEmptySubsequences: false).joined(separator: name)
      sample.frames[2].source = source.split(separator: "NAME", omittingEmptySubsequences: false).joined(
        separator: name)
      sample.frames.append(.init(library, "call", "c()"))
      return sample
    }
  }

  private static let packages = "/usr/lib/python3/dist-packages/"
  static let asking = [
    Asking(
      testDescription: "a template", type: "TemplateDoesNotExist", text: "NAME",
      library: packages + "django/template/loader.py", variable: "return render(request, request.GET['t'])",
      literal: "return render(request, 'NAME')"),
    Asking(
      testDescription: "a module", type: "ModuleNotFoundError", text: "No module named 'NAME'",
      library: "/usr/lib/python3.11/importlib/__init__.py", variable: "return import_module(name)",
      literal: "return import_module('NAME')"),
    Asking(
      testDescription: "a table", type: "ProgrammingError", text: "relation \"NAME\" does not exist\nLINE 1: SELECT 1",
      library: packages + "django/db/backends/utils.py", variable: "cursor.execute(statement)",
      literal: "cursor.execute('SELECT 1 FROM NAME')"),
    Asking(
      testDescription: "a column of SQLite", type: "OperationalError", text: "no such column: NAME",
      library: packages + "django/db/backends/sqlite3/base.py", variable: "cursor.execute(statement)",
      literal: "cursor.execute('SELECT NAME')"),
  ]

  @Test("a hundred names through one line are one error", arguments: asking)
  func variable(_ asking: Asking) throws {
    let first = try #require(asking.sample("first", source: asking.variable).fingerprint)
    for number in 0..<100 {
      #expect(asking.sample("n\(number)", source: asking.variable).fingerprint == first)
    }
    var elsewhere = asking.sample("first", source: asking.variable)
    elsewhere.frames[2].function = "subtotal"
    let other = try #require(elsewhere.fingerprint)
    #expect(other != first)
  }

  @Test("names that the site wrote stay apart, wherever they are asked for", arguments: asking)
  func literal(_ asking: Asking) throws {
    let one = try #require(asking.sample("orders_gift", source: asking.literal).fingerprint)
    let two = try #require(asking.sample("orders_pay", source: asking.literal).fingerprint)
    #expect(one != two)
    var elsewhere = asking.sample("orders_gift", source: asking.literal)
    elsewhere.frames[2].function = "subtotal"
    #expect(elsewhere.fingerprint == one)
  }

  @Test("a class that chooses its template stands in no frame: its view is the place")
  func templateOfView() throws {
    func sample(_ name: String, view: String) -> SampleMail {
      var sample = SampleMail()
      (sample.type, sample.value, sample.view) = ("TemplateDoesNotExist", name, view)
      sample.frames[1...] = [.init(Self.packages + "django/template/loader.py", "select_template", "raise T(")]
      return sample
    }
    let first = try #require(sample("pages/a.html", view: "orders.views.Page").fingerprint)
    #expect(sample("pages/b.html", view: "orders.views.Page").fingerprint == first)
    let other = try #require(sample("pages/a.html", view: "orders.views.Help").fingerprint)
    #expect(other != first)
    var behind = sample("pages/b.html", view: "orders.views.Page")
    behind.frames.insert(
      .init("/srv/shop/releases/20250101/orders/log.py", "log", "answer = self.next(request)"), at: 1)
    behind.frames.insert(.init(Self.packages + "django/core/handlers/base.py", "_get_response", "r.render()"), at: 2)
    #expect(behind.fingerprint == first, "a middleware asks for nothing")
  }

  @Test("a helper that asks with a variable: its caller chose the name")
  func helper() throws {
    let asking = Self.asking[2]
    var sample = asking.sample("first", source: asking.variable)
    let first = try #require(sample.fingerprint)
    sample.frames[1].function = "invoice"
    let other = try #require(sample.fingerprint)
    #expect(other != first)
  }

  @Test("a cause whose frames begin below the application: what wraps it shows who asked")
  func cause() throws {
    func sample(_ table: String) -> SampleMail {
      var sample = Self.asking[3].sample(table, source: "cursor.execute(statement)")
      sample.cause = (
        [.init(Self.packages + "django/db/backends/sqlite3/base.py", "execute", "return super().execute(query)")],
        sample.value
      )
      return sample
    }
    let first = try #require(sample("first").fingerprint)
    #expect(sample("second").fingerprint == first)
  }

  @Test("what the site itself raises as a database's error is told apart by its place alone")
  func ownDatabaseError() throws {
    var sample = SampleMail()
    sample.type = "OperationalError"
    sample.frames[2].source = "raise OperationalError(request.GET['x'])"
    sample.value = "first words"
    let first = try #require(sample.fingerprint)
    sample.value = "other things"
    #expect(sample.fingerprint == first)
  }

  @Test("a cursor of the site's own that Django calls is no place that asks: the table's name stays")
  func ownCursor() throws {
    func sample(_ table: String) -> SampleMail {
      var sample = SampleMail()
      (sample.type, sample.value) = ("ProgrammingError", "relation \"\(table)\" does not exist")
      sample.frames.insert(
        .init(Self.packages + "django/db/models/sql/compiler.py", "execute_sql", "c.execute(sql)"), at: 2)
      sample.frames[3] = .init(
        "/srv/shop/releases/20250101/orders/db/base.py", "execute", "return self.cursor.execute(sql)")
      return sample
    }
    let one = try #require(SampleMail.report(sample("orders_gift").bytes))
    #expect(one.place == "missing table or column (orders_gift)")
    #expect(sample("orders_pay").fingerprint != one.fingerprint.text)
  }

  @Test("a module that the settings name is one error wherever it is loaded")
  func moduleOfSettings() throws {
    let asking = Self.asking[1]
    var sample = asking.sample("shop.backends", source: "return cache.get(key)")
    sample.settingsLines = "CACHES = {'default': {'BACKEND': 'shop.backends.Cache'}}\n"
    let first = try #require(sample.fingerprint)
    sample.frames[2].function = "subtotal"
    #expect(sample.fingerprint == first)
  }

  // MARK: - Hosts

  private static func unreachable(_ host: String, source: String = "return requests.get(url)") -> SampleMail {
    var sample = SampleMail()
    sample.type = "ConnectTimeout"
    sample.value =
      "HTTPSConnectionPool(host='\(host)', port=443): Max retries exceeded with url: /x (Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7f>, 'Connection to \(host) timed out.'))"
    sample.frames[2].source = source
    sample.frames.append(.init(packages + "requests/adapters.py", "send", "raise ConnectTimeout(e, request=request)"))
    return sample
  }

  @Test("a thousand hosts that visitors choose are at most sixteen errors")
  func visitorsHosts() {
    let names = Set((0..<1000).map { Self.unreachable("hook\($0).example.net").fingerprint })
    #expect(names.count <= 16 && names.count > 1 && !names.contains(nil))
  }

  @Test("a visitor's host opens no outage of a host that the site's settings or code name")
  func ownHost() throws {
    var own = Self.unreachable("api.example.org", source: "return self.post(path)")
    own.settingsLines = "PAYMENTS = {'url': 'https://api.example.org/v1'}\n"
    let outage = try #require(own.fingerprint)
    let visitors = try #require(SampleMail.report(Self.unreachable("api.example.org").bytes))
    #expect(visitors.fingerprint.text != outage)
    let known = try #require(SampleMail.report(own.bytes)).previous
    #expect(!visitors.previous.contains { known.contains($0) }, "nor does it claim the outage's history")
    var elsewhere = own
    elsewhere.frames[2].function = "refund"
    #expect(elsewhere.fingerprint == outage, "the outage is one error wherever it hits")
    #expect(Self.unreachable("api.example.org", source: "get('https://api.example.org/')").fingerprint == outage)
    var part = Self.unreachable("example.org", source: "return self.post(path)")
    part.settingsLines = own.settingsLines
    let other = try #require(part.fingerprint)
    #expect(other != outage)
  }

  @Test("a table of a visitor's that is called like a placeholder of the statement, or like the code around it, is his")
  func placeholders() throws {
    func mail(_ table: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value) = ("OperationalError", "no such table: \(table)")
      let source = "cursor.execute('SELECT price FROM shop_order, \"%s\"' % words(request))"
      mail.frames[2] = .init("/srv/shop/releases/20250101/orders/pricing.py", "total", source)
      mail.frames.append(
        .init("/usr/lib/python3/dist-packages/django/db/backends/sqlite3/base.py", "execute", "return x(query)"))
      return mail
    }
    #expect(SampleMail.report(mail("shop_order").bytes)?.place == "missing table or column (shop_order)")
    for table in ["s", "words", "request", "cursor"] {
      #expect(SampleMail.report(mail(table).bytes)?.place == "orders/pricing.py in total", "\(table)")
    }
  }
}
