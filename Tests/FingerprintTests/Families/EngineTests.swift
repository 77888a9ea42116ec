import Fingerprint
import Testing

/// Outages of the servers behind a site, in the words and the languages of each.
@Suite struct EngineTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let type: String
    let text: String
    let library: String
    /// What the list shows; nil: it belongs to the line of code that ran into it.
    let place: String?

    init(_ shows: String, _ type: String, _ text: String, in library: String, _ place: String?) {
      (testDescription, self.type, self.text, self.library, self.place) = (shows, type, text, library, place)
    }

    func mail(_ function: String) -> SampleMail {
      var mail = SampleMail()
      (mail.type, mail.value) = (type, text)
      mail.frames[2].function = function
      mail.frames[2].source = "store(file)"
      mail.frames.append(.init("/usr/lib/python3/dist-packages/\(library)/core.py", "call", "c()"))
      return mail
    }
  }

  private static func postgreSQL(_ reason: String) -> String {
    "connection failed: connection to server at \"db\", port 5432 failed: \(reason)"
  }

  static let cases: [Case] = [
    Case(
      "PostgreSQL shuts down, in German", "OperationalError", postgreSQL("FATAL:  das Datenbanksystem fährt herunter"),
      in: "psycopg", "database down (db:5432)"),
    Case(
      "PostgreSQL has no slot left, in Russian", "OperationalError",
      postgreSQL("ВАЖНО:  извините, уже слишком много клиентов"), in: "psycopg2",
      "database slots exhausted (db:5432)"),
    Case(
      "PostgreSQL starts, in Japanese", "OperationalError", postgreSQL("FATAL:  データベースシステムは起動処理中です"),
      in: "psycopg2", "database down (db:5432)"),
    Case(
      "libpq speaks German, too", "OperationalError",
      "Verbindung zum Server auf »db« (10.0.0.5), Port 5432 fehlgeschlagen: FATAL:  das Datenbanksystem startet",
      in: "psycopg2", "database down (db:5432)"),
    Case(
      "PostgreSQL refuses in words that nobody knows", "OperationalError", postgreSQL("FATAL:  nyt ei käy"),
      in: "psycopg", "database refuses the connection (db:5432)"),
    Case(
      "PostgreSQL is not there, and the system says so in German", "OperationalError",
      "Verbindung zum Server auf »db1« (10.0.0.5), Port 5432 fehlgeschlagen: Verbindungsaufbau abgelehnt",
      in: "psycopg2",
      "database refuses the connection (db1:5432)"),
    Case(
      "PgBouncer lets a query wait too long", "OperationalError", "query_wait_timeout", in: "psycopg",
      "database connection pool exhausted"),
    Case("SQLite is locked", "OperationalError", "database is locked", in: "django/db", "database file is locked"),
    Case(
      "SQLite's file is damaged", "DatabaseError", "database disk image is malformed", in: "django/db",
      "database is damaged"),
    Case(
      "MySQL closed an idle connection, as it says since 8.0.24", "OperationalError",
      "(4031, 'The client was disconnected by the server because of inactivity.')", in: "MySQLdb",
      "database connection lost"),
    Case(
      "Oracle has no listener", "OperationalError", "ORA-12541: TNS:no listener", in: "oracledb", "database down"),
    Case(
      "Oracle's driver lost its connection", "InterfaceError",
      "DPY-4011: the database or network closed the connection", in: "oracledb", "database connection lost"),
    Case(
      "Redis is full", "OutOfMemoryError", "command not allowed when used memory > 'maxmemory'.", in: "redis",
      "cache is out of memory"),
    Case(
      "Redis is a replica", "ReadOnlyError", "You can't write against a read only replica.", in: "redis",
      "cache is read-only"),
    Case(
      "Redis wants a password", "AuthenticationError", "Authentication required.", in: "redis", "cache refuses access"),
    Case(
      "Redis cannot write its log", "ResponseError", "MISCONF Errors writing to the AOF file: No space left on device",
      in: "redis", "cache cannot save to its disk"),
    Case(
      "Redis took its socket away", "ConnectionError",
      "Error 2 connecting to unix socket: /run/redis/a.sock. No such file or directory.", in: "redis", "cache down"),
    Case(
      "Redis refuses on two addresses", "ConnectionError",
      "Error Multiple exceptions: [Errno 111] Connect call failed ('::1', 6379, 0, 0), [Errno 111] Connect call failed "
        + "('127.0.0.1', 6379) connecting to cache-1:6379.", in: "redis", "cache down (cache-1:6379)"),
    Case(
      "Redis refuses on Windows", "ConnectionError",
      "Error 10061 connecting to cache-1:6379. No connection could be made.",
      in: "redis", "cache down (cache-1:6379)"),
    Case(
      "memcached names its host", "ConnectionError",
      "error 3 from memcached_get(:1:k1): (0x55d0c3a0) CONNECTION FAILURE,  host: 10.0.0.5:11211 -> connect.cc:212",
      in: "pylibmc", "cache down (10.0.0.5:11211)"),
    Case(
      "the mail server has no address", "gaierror", "[Errno -2] Name or service not known", in: "smtplib",
      "name resolution fails"),
    Case(
      "memcached is gone", "SomeErrors", "error 19 from memcached_set: SERVER HAS FAILED", in: "pylibmc", "cache down"),
    Case(
      "the broker stops", "ConnectionForced",
      "(0, 0): (320) CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", in: "amqp",
      "message broker down"),
    Case(
      "the mail server takes no login", "SMTPAuthenticationError", "(535, b'5.7.8 authentication failed')",
      in: "smtplib", "mail server refuses access"),
    Case(
      "a statement took too long, in German", "OperationalError",
      "storniere Anfrage wegen Zeitüberschreitung der Anfrage",
      in: "psycopg2", nil),
  ]

  @Test("one outage at two places", arguments: cases)
  func outage(_ outage: Case) throws {
    let one = try #require(SampleMail.report(outage.mail("total").bytes))
    let two = try #require(SampleMail.report(outage.mail("tax").bytes))
    #expect((one.fingerprint == two.fingerprint) == (outage.place != nil))
    if let place = outage.place { #expect(one.place == place) }
  }

  @Test("two answers that nobody knows are two outages of one server")
  func unknownWords() {
    func name(_ words: String) -> String? {
      Case("", "OperationalError", Self.postgreSQL("FATAL:  \(words)"), in: "psycopg", nil).mail("total").fingerprint
    }
    #expect(name("nyt ei käy") != name("ei kiitos") && name("nyt ei käy") == name("nyt  ei käy"))
  }

  @Test("a disk that is read-only is one outage, another disk another; without a file it is the place's")
  func disks() {
    func name(_ text: String, _ function: String = "total") -> String? {
      var mail = SampleMail()
      (mail.type, mail.value) = ("OSError", text)
      mail.frames[2].function = function
      mail.frames[2].source = "open(path)"
      return mail.fingerprint
    }
    let disk = name("[Errno 30] Read-only file system: '/srv/media/a.png'")
    #expect(disk != nil && disk == name("[Errno 30] Read-only file system: '/srv/media/b.png'", "tax"))
    #expect(disk != name("[Errno 30] Read-only file system: '/mnt/backup/a.png'"))
    #expect(disk != name("[Errno 5] Input/output error: '/srv/media/a.png'"))
    #expect(name("[Errno 5] Input/output error") != name("[Errno 5] Input/output error", "tax"))
  }

  @Test("the users of a MySQL server that have too many connections are told apart")
  func usersOfLimit() {
    func name(_ user: String) -> String? {
      let text = "(1226, \"User '\(user)' has exceeded the 'max_user_connections' resource (current value: 5)\")"
      return Case("", "OperationalError", text, in: "MySQLdb", nil).mail("total").fingerprint
    }
    #expect(name("shop") != nil && name("shop") != name("report"))
  }

  @Test("what MySQL says of a column, a key or a constraint names it, and no value of a visitor's")
  func mySQL() {
    func name(_ text: String) -> String? {
      Case("", "IntegrityError", text, in: "MySQLdb", nil).mail("total").fingerprint
    }
    let column = name("(1048, \"Column 'customer' cannot be null\")")
    #expect(column != nil && column != name("(1048, \"Column 'parcel' cannot be null\")"))
    let key = name("(1062, \"Duplicate entry 'kim' for key 'email'\")")
    #expect(key != nil && key == name("(1062, \"Duplicate entry 'a' for key 'x' b' for key 'email'\")"))
    #expect(key != name("(1062, \"Duplicate entry 'kim' for key 'username'\")"))
  }

  @Test("a transaction that the site left open is no outage; two caches that do not answer are two")
  func notOneOutage() throws {
    let idle = Case(
      "", "OperationalError", "terminating connection due to idle-in-transaction timeout", in: "psycopg2", nil)
    #expect(try #require(SampleMail.report(idle.mail("total").bytes)).place == "orders/pricing.py in total")
    func cache(_ host: String) -> String? {
      Case("", "TimeoutError", "Timeout reading from \(host):6379", in: "redis", nil).mail("total").fingerprint
    }
    #expect(cache("cache-1") != nil && cache("cache-1") != cache("queue-1"))
  }

  @Test("values in the quotes of other languages are a visitor's")
  func quotes() {
    func name(_ value: String) -> String? {
      Case(
        "", "DataError", "ungültige Eingabesyntax für Typ integer: »\(value)«\nZEILE 1: …", in: "psycopg2", nil
      ).mail("total").fingerprint
    }
    #expect(name("abc") != nil && name("abc") == name("x« y"))
  }

  private func logged(_ message: String) -> String? {
    var mail = SampleMail()
    mail.subject = "[Shop] ERROR: \(message)"
    let report = "\(message)\n\nReport\n\(message)\n\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n"
    return SampleMail.fingerprint(mail.mail(report + "\nRequest data not supplied\n\nSettings:\n"))
  }

  @Test("two brokers that Celery cannot reach are two, and so are two signals that end a process of its pool")
  func celery() {
    func lost(_ host: String) -> String? {
      logged(
        "consumer: Cannot connect to redis://\(host):6379/0: Error 111 connecting to \(host):6379. Connection refused.."
      )
    }
    #expect(lost("10.0.0.5") != nil && lost("10.0.0.5") != lost("10.0.0.6"))
    func ended(_ pid: Int, _ signal: String) -> String? {
      logged("Process 'ForkPoolWorker-3' pid:\(pid) exited with 'signal \(signal)'")
    }
    #expect(ended(4021, "9 (SIGKILL)") != nil && ended(4021, "9 (SIGKILL)") == ended(77, "9 (SIGKILL)"))
    #expect(ended(4021, "9 (SIGKILL)") != ended(4021, "11 (SIGSEGV)"))
  }

  @Test("attempts to reach a broker are one message however many there were")
  func attempts() {
    let first = logged("Connection to Redis lost: Retry (0/20) now.")
    #expect(first != nil && first == logged("Connection to Redis lost: Retry (1/20) in 1.00 second."))
    #expect(first != logged("Connection to Redis lost:"))
  }
}
