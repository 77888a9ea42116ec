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
