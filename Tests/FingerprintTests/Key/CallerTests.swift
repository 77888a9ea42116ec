import Fingerprint
import Testing

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

  private static let django = "dist-packages/django/db/"

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
    Case("a text with a name in it", "ShopError", "raise ShopError('no price from %s' % name) from error", apart: true),
    Case("a text with two names", "ShopError", "raise ShopError(\"%s, not %s\" % (name, self.kind))", apart: true),
    Case(
      "a text that is formatted", "ShopError", "raise ShopError(_('Set {}, or {b}').format(name, b=x))", apart: true),
    Case("a text and a name", "ShopError", "raise ShopError(code, 'no handler for ' + kind)", apart: true),
    Case("a name and a text", "ShopError", "raise ShopError(name + ' is missing')", apart: true),
    Case("a text with a per cent sign of its own", "ShopError", "raise ShopError('100 % is too much')", apart: false),
    Case("a function it was given, in C", "ValueError", "return fn(text)", apart: true),
    Case("a function of its own, in C", "ValueError", "return int(text)", apart: false),
    Case("a model it was given", "ValidationError", "obj.full_clean()", below: django + "models/base.py", apart: true),
    Case("a form it was given", "ValueError", "obj = form.save()", below: django + "models/forms.py", apart: true),
    Case("a model that the database refuses", "DataError", "obj.save()", below: django + "utils.py", apart: true),
    Case(
      "a query that takes too long", "OperationalError", "return rows.count()", below: django + "utils.py", apart: true),
    Case(
      "a query when the database is down", "InterfaceError", "rows.count()", below: django + "utils.py", apart: false),
    Case(
      "an answer of a server's", "HTTPError", "response.raise_for_status()", below: "requests/models.py", apart: false),
    Case("a None where an object should be", "AttributeError", "return order.customer.name", apart: false),
  ]

  @Test("two callers of a helper that fails with", arguments: cases)
  func callers(_ helper: Case) throws {
    func mail(_ view: String) -> SampleMail {
      var mail = SampleMail()
      mail.type = helper.type
      if helper.type == "OperationalError" { mail.value = "canceling statement due to statement timeout" }
      mail.frames[1].function = view
      mail.frames[2] = .init("/srv/shop/releases/20250101/shop/helpers.py", "helper", helper.line)
      if let below = helper.below { mail.frames.append(.init("/usr/lib/python3.11/" + below, "call", "x()")) }
      return mail
    }
    let one = try #require(mail("cart").fingerprint)
    let two = try #require(mail("checkout").fingerprint)
    #expect((one != two) == helper.isApart)
  }

  static let chains: [(String, [String], Int)] = [
    ("two helpers", ["return lookup(name)", "return TABLE[name]"], 2),
    ("a helper that waits", ["return await client.fetch(path)", "raise ApiError(response)"], 2),
    ("a helper that makes a name", ["return get_setting(f\"SHOP_{name}\")", "return TABLE[name]"], 2),
    ("four helpers", ["f1(x)", "return f2(x)", "y = f3(x)", "return TABLE[x]"], 2),
    ("five helpers, where there is an end", ["f0(x)", "f1(x)", "return f2(x)", "y = f3(x)", "return TABLE[x]"], 1),
    ("a helper with a question of its own", ["return lookup('price')", "return TABLE[name]"], 1),
  ]

  @Test("two callers of helpers above each other are as many errors:", arguments: chains)
  func chain(_ shows: String, _ lines: [String], _ errors: Int) {
    func mail(_ view: String) -> SampleMail {
      var mail = SampleMail()
      mail.frames[1].function = view
      mail.frames.removeLast()
      for (index, line) in lines.enumerated() {
        mail.frames.append(.init("/srv/shop/releases/20250101/shop/helpers.py", "helper\(index)", line))
      }
      return mail
    }
    #expect(Set(["cart", "menu"].map { mail($0).fingerprint }).count == errors)
  }

  @Test(
    "what a decorator makes a response of is the view's, what it does itself is not",
    arguments: [
      ("return JsonResponse(fn(request))", 2), ("return JsonResponse(result)", 2), ("body = json.dumps(result)", 2),
      ("profile = Profile.objects.get(user=request.user)", 1),
    ])
  func decorators(_ line: String, _ errors: Int) {
    func mail(_ view: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value, mail.view) = ("TypeError", "Object of type set is not JSON serializable", view)
      mail.frames[0].source = "response = wrapped_callback(request, *callback_args, **callback_kwargs)"
      mail.frames[1] = .init("/srv/shop/releases/20250101/shop/decorators.py", "inner", line)
      mail.frames[2] = .init("/usr/lib/python3.11/json/encoder.py", "default", "raise TypeError(f'x'")
      return mail
    }
    #expect(Set(["shop.views.pay", "shop.views.ship"].map { mail($0).fingerprint }).count == errors)
    #expect(mail("shop.views.inner").fingerprint != mail("shop.views.pay").fingerprint || errors == 1)
  }

  @Test("a method of views that goes on with what their other bases give is the view's")
  func bases() {
    func mail(_ view: String, _ line: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value, mail.view) = ("FieldError", "Cannot resolve keyword 'owner' into field.", view)
      let generic = "/usr/lib/python3/dist-packages/django/views/generic/base.py"
      mail.frames = [
        .init(
          "/usr/lib/python3/dist-packages/django/core/handlers/base.py", "f", "response = wrapped_callback(request)"),
        .init(generic, "dispatch", "return handler(request, *args, **kwargs)"),
        .init("/srv/shop/releases/20250101/shop/views.py", "get_queryset", line),
        .init("/usr/lib/python3/dist-packages/django/db/models/query.py", "filter", "raise FieldError(x)"),
      ]
      return mail
    }
    func names(_ line: String) -> Int {
      Set(["shop.views.A", "shop.views.B"].map { mail($0, line).fingerprint }).count
    }
    #expect(names("return super().get_queryset().filter(owner=self.request.user)") == 2)
    #expect(names("return Order.objects.filter(owner=self.request.user)") == 1)
  }

  @Test("the class that lacks an attribute of its own names the error, and no other class does")
  func ownClass() {
    func name(_ kind: String, _ line: String) -> String? {
      var mail = SampleMail()
      (mail.type, mail.value) = ("AttributeError", "'\(kind)' object has no attribute 'quantity'")
      mail.frames[2].source = line
      return mail.fingerprint
    }
    let line = "return self.price * self.quantity"
    #expect(name("Ticket", line) != name("Pass", line))
    #expect(name("Ticket", "return order.quantity") == name("Pass", "return order.quantity"))
    let longer = "return self.quantity_left"
    #expect(name("Ticket", longer) == name("Pass", longer))
  }

  @Test("a task without a frame of the site's own is named by Celery's message, in every kind of mail")
  func tasks() {
    func mail(_ task: String) -> SampleMail {
      var mail = SampleMail()
      mail.subject =
        "[Shop] ERROR: Task \(task)[6d1c0f9e-7f1a-4a43-9f0e-2a5b3c4d5e6f] raised unexpected: TypeError('x')"
      mail.message = String(mail.subject.dropFirst(14))
      (mail.type, mail.value) = ("TypeError", "run() missing 1 required positional argument: 'order_id'")
      mail.frames = [
        .init("/usr/lib/python3/dist-packages/celery/app/trace.py", "trace_task", "R = retval = fun(*args, **kwargs)"),
        .init("/usr/lib/python3/dist-packages/celery/app/trace.py", "__protected_call__", "return self.run(*args)"),
      ]
      return mail
    }
    func plain(_ task: String) -> String? {
      SampleMail.fingerprint(mail(task).mail(mail(task).message + "\n" + mail(task).traceback))
    }
    #expect(plain("shop.tasks.Bill") != nil && plain("shop.tasks.Bill") != plain("shop.tasks.Ship"))
    #expect(mail("shop.tasks.Bill").fingerprint == plain("shop.tasks.Bill"))
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
