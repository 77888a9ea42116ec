import MailMessage
import Testing

@testable import Fingerprint

/// Where a file belongs, and what its module is called without what a deploy changes.
@Suite struct PlacementTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let file: String
    let place: Place
    let module: String
    var testDescription: String { file }

    init(_ file: String, _ place: Place, _ module: String) {
      self.file = file
      self.place = place
      self.module = module
    }
  }

  static let rows = [
    Row("/srv/shop/venv/lib/python3.11/site-packages/django/db/models/query.py", .library, "django/db/models/query.py"),
    Row("/usr/lib/python3/dist-packages/psycopg2/__init__.py", .library, "psycopg2/__init__.py"),
    Row("/x/site-packages/Foo-1.0-py3.8.egg/foo/models.py", .library, "foo/models.py"),
    Row("/nix/store/abc-python3.11-django-4.2/lib/python3.11/site-packages/django/x.py", .library, "django/x.py"),
    Row("C:\\Python39\\lib\\site-packages\\django\\x.py", .library, "django\\x.py"),
    Row("/usr/lib/python3.11/json/decoder.py", .runtime, "json/decoder.py"),
    Row("/root/.pyenv/versions/3.11.7/lib/python3.11/http/client.py", .runtime, "http/client.py"),
    Row("/usr/lib/python311.zip/json/decoder.py", .runtime, "json/decoder.py"),
    Row("C:\\Users\\kim\\Python39\\lib\\json\\decoder.py", .runtime, "json\\decoder.py"),
    Row("<frozen importlib._bootstrap>", .runtime, "<frozen importlib._bootstrap>"),
    Row("<string>", .runtime, "<string>"),
    Row("/srv/shop/venv/bin/celery", .library, "celery"),
    Row("psycopg_binary/_psycopg/connection.pyx", .library, "psycopg_binary/_psycopg/connection.pyx"),
    Row("/var/task/django/core/handlers/base.py", .library, "django/core/handlers/base.py"),
    Row("/srv/shop/releases/20250101/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/srv/app/current/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/home/deploy/sites/shop.example.com/src/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/usr/src/app/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/app/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/opt/shop/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/nix/store/0c1d-shop-1.0/share/shop/orders/pricing.py", .application, "orders/pricing.py"),
    Row("/srv/shop/app.pyz/orders/pricing.py", .application, "orders/pricing.py"),
    Row("./orders/pricing.py", .application, "orders/pricing.py"),
    Row("manage.py", .application, "manage.py"),
  ]

  @Test("without a Python Path", arguments: rows)
  func places(_ row: Row) {
    let text = Array(row.file.utf8)
    let frame = TracebackFrame(file: 0..<text.count, function: 0..<0, source: 0..<0)
    let placed = FramePlacement(text.span, frames: [], report: nil).place(text.span, frame)
    #expect(placed.place == row.place)
    #expect(text.span.text(placed.module) == row.module)
  }

  @Test("an application that Debian ships in dist-packages is the site's own")
  func debian() throws {
    var sample = SampleMail()
    sample.settings = "parcelbase.project.settings"
    sample.pythonPath = ["/usr/lib/python3/dist-packages"]
    sample.frames = [
      .init("/usr/lib/python3/dist-packages/django/core/handlers/base.py", "_get_response", "response = f()"),
      .init("/usr/lib/python3/dist-packages/parcelbase/web/views.py", "get", "return self.parcels[name]"),
    ]
    #expect(try #require(SampleMail.report(sample.bytes)).place == "parcelbase/web/views.py in get")
  }

  @Test("the directory of manage.py is the root of a command's traceback")
  func command() throws {
    var sample = SampleMail()
    sample.frames = [
      .init("/data/odd/place/manage.py", "<module>", "execute_from_command_line(sys.argv)"),
      .init("/data/odd/place/orders/management/commands/tidy.py", "handle", "self.tidy(rows[0])"),
    ]
    let report = try #require(SampleMail.report(sample.mail(sample.traceback)))
    #expect(report.place == "orders/management/commands/tidy.py in handle")
  }
}
