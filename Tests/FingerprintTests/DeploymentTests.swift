import Fingerprint
import Testing

/// What is the site's own, wherever it is installed.
@Suite struct DeploymentTests {
  private static let packages = "/opt/shop/venv/lib/python3.12/site-packages/"

  /// A site of which all code is installed with pip; only its settings are the admin's.
  private static var installed: SampleMail {
    var mail = SampleMail()
    mail.settings = "local.settings"
    mail.applications = ["django.contrib.admin", "import_export", "shop.apps.ShopConfig", "orders", "shop_badges"]
    mail.pythonPath = ["/etc/shop", "/usr/lib/python312.zip", packages.dropLast().description]
    mail.frames = [
      .init(packages + "django/core/handlers/base.py", "_get_response", "response = wrapped_callback(request)"),
      .init(packages + "orders/views.py", "cart", "return total(lines)"),
      .init(packages + "orders/pricing.py", "total", "return sum(line['price'] for line in lines)"),
    ]
    return mail
  }

  @Test(
    "a product installed with pip is the site's own, whatever module the settings stand in and whichever view is asked")
  func product() throws {
    let own = try #require(SampleMail.report(Self.installed.bytes))
    #expect(own.place == "orders/pricing.py in total")
    var other = Self.installed
    (other.settings, other.view) = ("shop.settings", "shop.views.front")
    #expect(other.fingerprint == own.fingerprint.text)
    other.value = "'cost'"
    #expect(other.fingerprint == own.fingerprint.text, "the text is no part of it")
  }

  @Test("the same error in a report and in the mail of a task has one name")
  func task() throws {
    let own = try #require(Self.installed.fingerprint)
    var task = Self.installed
    task.frames[0] = .init(Self.packages + "celery/app/trace.py", "trace_task", "R = retval = fun(*args, **kwargs)")
    #expect(SampleMail.fingerprint(task.mail(task.traceback)) == own)
  }

  @Test("an application that is published for any site is a library, also where the site lists it")
  func library() throws {
    var mail = Self.installed
    mail.frames.append(.init(Self.packages + "import_export/resources.py", "import_row", "raise error"))
    #expect(try #require(SampleMail.report(mail.bytes)).place == "orders/pricing.py in total")
  }

  @Test("a package that nobody lists is a library beside code of the site's own that is not installed")
  func unknown() throws {
    var mail = SampleMail()
    mail.frames.append(.init(Self.packages + "obscure/core.py", "call", "return self.x"))
    let plain = mail.mail(mail.traceback)
    #expect(try #require(SampleMail.report(plain)).place == "orders/pricing.py in total")
  }

  @Test("the mail of a task is read by what reports of the site said before, and a new answer alerts nobody anew")
  func saidBefore() throws {
    let report = try #require(SampleMail.report(Self.installed.bytes))
    #expect(report.packages == ["shop", "orders", "shop_badges", "local"])
    var task = SampleMail()
    task.frames.append(.init(Self.packages + "shop_badges/tasks.py", "award", "return self.x"))
    task.frames.append(.init(Self.packages + "orders/badges.py", "find", "return badges[key]"))
    let mail = task.mail(task.traceback)
    func judged(_ packages: [String]) throws -> FingerprintedReport {
      guard case .report(let report) = ReportReader().judge(mail, packages: { packages }) else {
        throw NoReport()
      }
      return report
    }
    let steps = [[], ["shop_badges"], ["shop_badges", "orders"]]
    let reports = try steps.map(judged)
    #expect(
      reports.map(\.place) == [
        "orders/pricing.py in total", "shop_badges/tasks.py in award", "orders/badges.py in find",
      ])
    for (index, report) in reports.enumerated() {
      let earlier = reports[..<index].reversed().map(\.fingerprint)
      #expect(Array(report.previous.prefix(index)) == earlier, "the history of each earlier name is claimed")
    }
    #expect(try judged(["elsewhere"]).fingerprint == reports[0].fingerprint)
  }

  private struct NoReport: Error {}

  @Test("bugs in receivers of two plugins stay apart, though one line of the product calls both")
  func plugins() throws {
    func plugin(_ name: String) -> SampleMail {
      var mail = Self.installed
      mail.applications.append(name)
      mail.frames[2] = .init(
        Self.packages + "shop/signals.py", "send", "response = receiver(signal=self, sender=sender, **named)")
      mail.frames.append(.init(Self.packages + name + "/signals.py", "head", "return event.snippet"))
      return mail
    }
    let names = Set(["shop_badges", "shop_trial"].map { plugin($0).fingerprint })
    #expect(names.count == 2 && !names.contains(nil))
  }

  @Test("a dispatcher is at fault itself where nothing stands below it")
  func dispatcher() throws {
    var mail = SampleMail()
    mail.frames[2] = .init("/srv/shop/releases/20250101/orders/hooks.py", "fire", "return handler(event)")
    #expect(try #require(SampleMail.report(mail.bytes)).place == "orders/hooks.py in fire")
  }

  static let same: [Change] = [
    Change("Python 3.10 calls socket.timeout by another name") {
      $0.type = $0.type == "timeout" ? "TimeoutError" : "timeout"
    },
    Change("a task is stopped by its time limit at another place") {
      $0.type = "SoftTimeLimitExceeded"
      $0.frames[2] = .init("/srv/shop/releases/20250101/orders/layout.py", "render", "page.draw(table)")
    },
  ]

  @Test("an error keeps its name when", arguments: same.indices)
  func keeps(_ index: Int) throws {
    var mail = SampleMail()
    mail.type = index == 0 ? "timeout" : "SoftTimeLimitExceeded"
    let before = try #require(mail.fingerprint)
    Self.same[index].apply(&mail)
    #expect(mail.fingerprint == before)
  }

  @Test("a start script that Nix wrapped is no code of the site's own")
  func nix() throws {
    let store = "/nix/store/8k2a0hfkvqmb2xpl7hvkrwz1m3n4c5d6-shop-1.2/"
    func mail(_ function: String) -> SampleMail {
      var mail = SampleMail()
      mail.frames = [
        .init(store + "bin/.shop-manage-wrapped", "<module>", "sys.exit(main())"),
        .init(store + "lib/python3.12/site-packages/shop/jobs.py", function, "price = rows['x']"),
      ]
      return mail
    }
    let own = try #require(SampleMail.report(mail("bill").mail(mail("bill").traceback)))
    #expect(own.place == "shop/jobs.py in bill")
    #expect(SampleMail.fingerprint(mail("ship").mail(mail("ship").traceback)) != own.fingerprint.text)
  }
}

/// Errors that the site's innermost line does not tell apart.
@Suite struct CallerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    let line: String
    /// What stands below it.
    var below: String?
    /// Each caller is an error of its own.
    let isApart: Bool

    init(_ shows: String, _ type: String, _ line: String, below: String? = nil, apart: Bool) {
      (testDescription, self.type, self.line, self.below, isApart) = (shows, type, line, below, apart)
    }
  }

  static let cases: [Case] = [
    Case("a lookup of what it was given", "KeyError", "return TABLES[table][key]", apart: true),
    Case("a lookup, assigned", "KeyError", "row = self.rows[key]", apart: true),
    Case("a key taken out", "KeyError", "return stock.pop(key)", apart: true),
    Case("a key of its own", "KeyError", "return row['price']", apart: false),
    Case("a calculation with a lookup", "KeyError", "return length * RATES[kind]", apart: false),
    Case("a first word that is not there", "IndexError", "return words[0] + ' …'", apart: false),
    Case("a message it was given", "ShopError", "raise ShopError(message)", apart: true),
    Case("a message of its own", "ShopError", "raise ShopError('no stock')", apart: false),
    Case(
      "a query it was given", "DoesNotExist", "return model.objects.get(**kw)", below: "django/db/models/query.py",
      apart: true),
    Case(
      "a query of its own", "DoesNotExist", "return Order.objects.get(pk=pk)", below: "django/db/models/query.py",
      apart: false),
    Case(
      "a command it was given", "CalledProcessError", "subprocess.run(command, check=True)", below: "subprocess.py",
      apart: true),
    Case(
      "a command of its own", "CalledProcessError", "subprocess.run(['convert', name], check=True)",
      below: "subprocess.py", apart: false),
    Case(
      "a message with words of its own and a name it was given", "ShopError", "raise ShopError(f'{name} is missing')",
      apart: true),
    Case("a code and a text it was given", "ShopError", "raise ShopError(code, message)", apart: true),
    Case("a condition and a text it was given", "AssertionError", "assert condition, message", apart: true),
    Case("a handler for what it was given", "KeyError", "return HANDLERS[kind](data)", apart: true),
    Case("a class with what it was given", "TypeError", "return cls(**data)", apart: true),
    Case(
      "a route it was given", "NoReverseMatch", "return reverse(name, args=[self.pk])", below: "django/urls/base.py",
      apart: true),
    Case(
      "itself, as it was made", "ValidationError", "self.full_clean()", below: "django/db/models/base.py", apart: true),
    Case("an attribute it was given", "AttributeError", "return getattr(order, name)", apart: true),
    Case("a None where an object should be", "AttributeError", "return order.customer.name", apart: false),
  ]

  @Test("two callers of a helper that fails with", arguments: cases)
  func callers(_ helper: Case) throws {
    func mail(_ view: String) -> SampleMail {
      var mail = SampleMail()
      mail.type = helper.type
      mail.frames[1].function = view
      mail.frames[2] = .init("/srv/shop/releases/20250101/shop/helpers.py", "helper", helper.line)
      if let below = helper.below { mail.frames.append(.init("/usr/lib/python3.11/" + below, "call", "x()")) }
      return mail
    }
    let one = try #require(mail("cart").fingerprint)
    let two = try #require(mail("checkout").fingerprint)
    #expect((one != two) == helper.isApart)
  }

  @Test("a wrapper that raises without `from` is told apart by what failed below it")
  func wrapper() {
    func mail(_ line: String) -> String? {
      var mail = SampleMail()
      (mail.type, mail.value) = ("ServiceError", "x")
      mail.frames[2] = .init("/srv/shop/releases/20250101/shop/service.py", "guarded", "raise ServiceError(str(e))")
      let cause = SampleMail.Frame("/srv/shop/releases/20250101/orders/pricing.py", "total", line).text
      let joint = "\nDuring handling of the above exception (x), another exception occurred:\n"
      let report = mail.report.replacing(
        "Traceback (most recent call last):\n", with: "Traceback (most recent call last):\n\(cause)\(joint)")
      return SampleMail.fingerprint(mail.mail(report))
    }
    #expect(mail("return row['price']") != nil && mail("return row['price']") != mail("return row['tax']"))
  }

  /// An error of library code alone.
  private static func library(_ type: String, _ value: String, view: String, source: String) -> SampleMail {
    var mail = SampleMail()
    (mail.type, mail.value, mail.view) = (type, value, view)
    let packages = "/srv/shop/venv/lib/python3.11/site-packages/"
    mail.frames = [
      .init(packages + "django/core/handlers/base.py", "_get_response", source),
      .init(packages + "rest_framework/generics.py", "get", "x()"),
    ]
    return mail
  }

  @Test("where no line is the site's own, the view tells two errors apart, but not what a middleware fails with")
  func views() {
    func names(_ source: String) -> Int {
      Set(
        ["shop.api.Rooms", "shop.api.Slots"].map {
          Self.library("TypeError", "no", view: $0, source: source).fingerprint
        }
      ).count
    }
    #expect(names("response = wrapped_callback(request, *args, **kwargs)") == 2)
    #expect(names("response = middleware_method(request, callback)") == 1)
  }

  @Test("a class that a library finds wrong names the error, in every kind of mail")
  func classes() throws {
    func mail(_ name: String) -> SampleMail {
      Self.library(
        "AssertionError", "'\(name)' should include a `serializer_class`", view: "shop.api.\(name.prefix(4))",
        source: "response = wrapped_callback(request)")
    }
    let rooms = mail("RoomViewSet")
    #expect(rooms.fingerprint != mail("SlotViewSet").fingerprint)
    #expect(SampleMail.fingerprint(rooms.mail(rooms.traceback)) == rooms.fingerprint)
    let (one, two) = (mail("room 17"), mail("room 18"))
    #expect(one.fingerprint == two.fingerprint, "what is no class may be a visitor's")
  }

  @Test("a loop of library code is the error of the line that went into it")
  func loops() {
    func mail(_ view: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value) = ("RecursionError", "maximum recursion depth exceeded")
      mail.frames[1].function = view
      mail.frames.remove(at: 2)
      mail.frames += Array(repeating: .init("/usr/lib/python3.11/copy.py", "deepcopy", "y = copier(x, memo)"), count: 9)
      return mail
    }
    #expect(mail("cart").fingerprint != mail("menu").fingerprint)
  }

  @Test("a route that templates ask for is one error in all views; another number of arguments is another")
  func routes() {
    func mail(_ view: String, _ arguments: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value) = (
        "NoReverseMatch", "Reverse for 'order' with \(arguments) not found. 1 pattern(s) tried: ['x']"
      )
      mail.frames[1] = .init("/srv/shop/releases/20250101/orders/views.py", view, "return render(request, 'x.html')")
      mail.frames[2] = .init("/usr/lib/python3/dist-packages/django/template/base.py", "render", "x()")
      return mail
    }
    let one = mail("cart", "arguments '('x7',)'").fingerprint
    #expect(one != nil && one == mail("menu", "arguments '('y8 with keyword arguments ',)'").fingerprint)
    #expect(one != mail("cart", "no arguments").fingerprint)
    #expect(
      mail("cart", "keyword arguments '{'pk': 1}'").fingerprint
        != mail("cart", "keyword arguments '{'id': 1}'").fingerprint)
  }

  @Test("a column that django-import-export names is the error, not the view that imports")
  func columns() {
    func mail(_ column: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value) = ("ImportError", "1: '\(column)' (OrderedDict([('name', 'Y')]))")
      mail.frames.append(.init("/usr/lib/python3/dist-packages/import_export/resources.py", "import_data", "raise x"))
      return mail
    }
    #expect(mail("code").fingerprint != mail("name").fingerprint)
    #expect(mail("a b").fingerprint == mail("c d").fingerprint)
  }
}
