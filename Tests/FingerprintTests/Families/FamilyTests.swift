import Fingerprint
import Testing

/// Root causes that show everywhere: type, text, the library it was raised in, and what the admin reads.
@Suite struct FamilyTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let type: String
    let text: String
    let library: String
    let place: String
    /// The line of the application that got to the library.
    let source: String
    var testDescription: String { "\(type): \(text)" }

    init(
      _ type: String, _ text: String, _ library: String, _ place: String, source: String = "return gift(number)"
    ) {
      self.source = source
      self.type = type
      self.text = text
      self.library = library
      self.place = place
    }
  }

  static let rows = [
    Row(
      "OperationalError",
      "connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
      "psycopg2", "database slots exhausted (local:5432)"),
    Row(
      "OperationalError",
      "connection failed: connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  sorry, too many clients already",
      "psycopg", "database slots exhausted (local:5432)"),
    Row("OperationalError", "FATAL:  too many connections for role \"shop\"", "psycopg2", "database slots exhausted"),
    Row("OperationalError", "(1040, 'Too many connections')", "MySQLdb", "database slots exhausted"),
    Row(
      "OperationalError", "connection to server at \"db.example.org\" (10.0.0.5), port 5432 failed: Connection refused",
      "psycopg2", "database down (db.example.org:5432)"),
    Row(
      "OperationalError",
      "could not connect to server: Connection refused\n\tIs the server running on host \"db\" (10.0.0.5) and accepting\n\tTCP/IP connections on port 5433?",
      "psycopg2", "database down (db:5433)"),
    Row(
      "OperationalError", "(2003, \"Can't connect to MySQL server on 'db:3306' (111)\")", "MySQLdb",
      "database down (db:3306)"),
    Row("OperationalError", "FATAL:  the database system is shutting down", "psycopg2", "database down"),
    Row("OperationalError", "server closed the connection unexpectedly", "psycopg2", "database connection lost"),
    Row(
      "OperationalError", "could not translate host name \"db\" to address: Name or service not known", "psycopg2",
      "name resolution fails (db)"),
    Row(
      "OperationalError", "FATAL:  password authentication failed for user \"shop\"", "psycopg2",
      "database refuses access"),
    Row("InternalError", "cannot execute INSERT in a read-only transaction", "django/db", "database is read-only"),
    Row(
      "OperationalError", "could not extend file \"base/1/2\": No space left on device", "django/db",
      "database's disk is full"),
    Row(
      "ProgrammingError", "relation \"orders_order\" does not exist\nLINE 1: SELECT 1", "django/db/models",
      "missing table or column (orders_order)"),
    Row(
      "OperationalError", "no such table: orders_order", "django/db", "missing table or column (orders_order)",
      source: "cursor.execute('SELECT count(*) FROM orders_order')"),
    Row("OSError", "[Errno 28] No space left on device: '/srv/media/x'", "django/core", "disk full"),
    Row("OSError", "[Errno 24] Too many open files", "django/core", "no file descriptors left"),
    Row("MemoryError", "", "PIL", "out of memory"),
    Row(
      "ConnectionError", "Error 111 connecting to cache:6379. Connection refused.", "redis", "cache down (cache:6379)"),
    Row("OperationalError", "[Errno 111] Connection refused", "kombu", "message broker down"),
    Row("ConnectionRefusedError", "[Errno 111] Connection refused", "smtplib.py", "mail server down"),
    Row(
      "ConnectionError",
      "HTTPSConnectionPool(host='api.example.org', port=443): Max retries exceeded with url: /v1/7 (Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))",
      "requests", "host not reachable (api.example.org:443)"),
    Row(
      "ReadTimeout", "HTTPSConnectionPool(host='api.example.org', port=443): Read timed out. (read timeout=5)",
      "requests", "host does not answer in time (api.example.org:443)"),
    Row(
      "SSLError",
      "HTTPSConnectionPool(host='api.example.org', port=443): Max retries exceeded with url: /v1/7 (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')))",
      "requests", "TLS certificate not accepted (api.example.org:443)"),
    Row(
      "TemplateDoesNotExist", "orders/gift.html", "django/template", "missing template (orders/gift.html)",
      source: "return render(request, 'orders/gift.html')"),
    Row(
      "ModuleNotFoundError", "No module named 'orders.feeds'", "importlib", "missing module (orders.feeds)",
      source: "from orders import feeds"),
    Row("DisallowedHost", "Invalid HTTP_HOST header: 'x'.", "django/http/request.py", "host not allowed"),
    Row("UnreadablePostError", "Apache/mod_wsgi request data read error", "django/http/request.py", "client went away"),
    Row("WorkerLostError", "Worker exited prematurely: signal 9 (SIGKILL) Job: 7.", "billiard", "worker killed"),
  ]

  private static func sample(_ row: Row) -> SampleMail {
    var sample = SampleMail()
    sample.type = row.type
    sample.value = row.text
    sample.settingsLines = "PAYMENTS_URL = 'https://api.example.org/v1'\n"
    sample.frames[2].source = row.source
    let isPython = row.library == "smtplib.py" || row.library == "importlib"
    let root = isPython ? "/usr/lib/python3.11/" : "/usr/lib/python3/dist-packages/"
    sample.frames.append(.init(root + row.library + (row.library.hasSuffix(".py") ? "" : "/core.py"), "connect", "c()"))
    return sample
  }

  @Test("is one family wherever it hits", arguments: rows)
  func family(_ row: Row) throws {
    var sample = Self.sample(row)
    let report = try #require(SampleMail.report(sample.bytes))
    #expect(report.place == row.place)
    sample.frames[1] = .init("/srv/shop/releases/20250101/gifts/tasks.py", "run", row.source)
    sample.frames.remove(at: 2)
    #expect(sample.fingerprint == report.fingerprint.text)
  }

  @Test(
    "a text alone makes no family: the application may say such things itself",
    arguments: [
      ("ValueError", "remaining connection slots are reserved"), ("RuntimeError", "Connection refused"),
      ("OperationalError", "deadlock detected"), ("OperationalError", "canceling statement due to statement timeout"),
      ("IntegrityError", "duplicate key value violates unique constraint \"a\""), ("KeyError", "No module named x"),
    ])
  func noFamily(_ type: String, _ text: String) throws {
    let report = try #require(SampleMail.report(Self.sample(Row(type, text, "django/db", "")).bytes))
    #expect(report.place == "orders/pricing.py in total")
  }

  @Test("an application that fails for its own reason while it handles an outage is a new error")
  func handled() throws {
    var sample = SampleMail()
    sample.cause = (
      [.init("/usr/lib/python3/dist-packages/redis/connection.py", "connect", "raise e")],
      "Error 111 connecting to cache:6379. Connection refused."
    )
    var text = sample.report
    let explicit =
      "The above exception (Error 111 connecting to cache:6379. Connection refused.) was the direct cause of the following exception:"
    let implicit =
      "During handling of the above exception (Error 111 connecting to cache:6379. Connection refused.), another exception occurred:"
    text = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0 == explicit ? implicit : String($0) }
      .joined(separator: "\n")
    #expect(try #require(SampleMail.report(sample.mail(text))).place == "orders/pricing.py in total")
    #expect(try #require(SampleMail.report(sample.bytes)).place == "cache down (cache:6379)")
  }

  @Test("two hosts that are down are two outages")
  func hosts() throws {
    let one = Self.sample(
      Row("ConnectionError", "HTTPSConnectionPool(host='a.example.org', port=443): Connection refused", "requests", ""))
    let two = Self.sample(
      Row("ConnectionError", "HTTPSConnectionPool(host='b.example.org', port=443): Connection refused", "requests", ""))
    let name = try #require(one.fingerprint)
    #expect(name != two.fingerprint)
  }
}
