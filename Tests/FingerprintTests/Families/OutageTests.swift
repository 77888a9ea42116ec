import Fingerprint
import Testing

/// Two outages that look alike and must stay apart: the admin repairs them one by one.
@Suite struct OutageTests {
  struct Pair: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let one: (type: String, text: String, library: String)
    let two: (type: String, text: String, library: String)

    init(_ shows: String, _ type: String, _ one: String, _ two: String, in library: String, or other: String? = nil) {
      testDescription = shows
      self.one = (type, one, library)
      self.two = (type, two, other ?? library)
    }

    static func sample(_ outage: (type: String, text: String, library: String)) -> SampleMail {
      var sample = SampleMail()
      (sample.type, sample.value) = (outage.type, outage.text)
      sample.frames[2].source = "store(file)"
      sample.frames.append(.init("/usr/lib/python3/dist-packages/\(outage.library)/core.py", "call", "c()"))
      return sample
    }
  }

  static let apart = [
    Pair(
      "two servers of a database", "OperationalError",
      "connection to server at \"a\" (10.0.0.5), port 5432 failed: Connection refused",
      "connection to server at \"b\" (10.0.0.5), port 5432 failed: Connection refused", in: "psycopg2"),
    Pair(
      "two ports of one server", "OperationalError",
      "connection to server at \"a\", port 5432 failed: FATAL:  sorry, too many clients already",
      "connection to server at \"a\", port 6432 failed: FATAL:  sorry, too many clients already", in: "psycopg2"),
    Pair(
      "two databases without a slot left", "OperationalError", "FATAL:  too many connections for database \"shop\"",
      "FATAL:  too many connections for database \"crm\"", in: "psycopg2"),
    Pair(
      "two users that a database refuses", "OperationalError",
      "FATAL:  password authentication failed for user \"shop\"",
      "FATAL:  password authentication failed for user \"crm\"",
      in: "psycopg2"),
    Pair(
      "PostgreSQL and MySQL on this machine", "OperationalError", "[Errno 111] Connection refused",
      "[Errno 111] Connection refused", in: "asyncpg", or: "pymysql"),
    Pair(
      "the disks of PostgreSQL and SQLite", "OperationalError",
      "could not extend file \"base/1/2\": No space left on device", "database or disk is full", in: "django/db"),
    Pair(
      "connections lost by PostgreSQL and by MySQL", "OperationalError",
      "terminating connection due to administrator command", "(2013, 'Lost connection to MySQL server during query')",
      in: "django/db"),
    Pair(
      "Redis and memcached", "ConnectionRefusedError", "[Errno 111] Connection refused",
      "[Errno 111] Connection refused",
      in: "redis", or: "pymemcache"),
    Pair(
      "two full disks", "OSError", "[Errno 28] No space left on device: '/var/media/2025/a.pdf'",
      "[Errno 28] No space left on device: '/srv/export/a.csv'", in: "django/core/files"),
    Pair(
      "a worker killed for its memory and one that crashed", "WorkerLostError",
      "Worker exited prematurely: signal 9 (SIGKILL) Job: 7.", "Worker exited prematurely: signal 11 (SIGSEGV) Job: 7.",
      in: "billiard"),
    Pair(
      "a worker that was stopped and one that ended by itself", "WorkerLostError",
      "Worker exited prematurely: signal 15 (SIGTERM) Job: 7.", "Worker exited prematurely: exitcode 1.", in: "billiard"
    ),
  ]

  @Test("stay apart:", arguments: apart)
  func staysApart(_ pair: Pair) throws {
    let one = try #require(SampleMail.report(Pair.sample(pair.one).bytes))
    let two = try #require(SampleMail.report(Pair.sample(pair.two).bytes))
    #expect(one.fingerprint != two.fingerprint)
    #expect(!one.place.contains("pricing.py") && !two.place.contains("pricing.py"), "both are outages")
  }

  static let same = [
    Pair(
      "files of one full disk", "OSError", "[Errno 28] No space left on device: '/var/media/2025/a.pdf'",
      "[Errno 28] No space left on device: '/var/media/2026/b.pdf'", in: "django/core/files"),
    Pair(
      "jobs of workers that the same signal killed", "WorkerLostError",
      "Worker exited prematurely: signal 9 (SIGKILL) Job: 7.", "Worker exited prematurely: signal 9 (SIGKILL) Job: 8.",
      in: "billiard"),
    Pair(
      "a server by TCP and by socket", "OperationalError",
      "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  sorry, too many clients already",
      "connection to server on socket \"/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  sorry, too many clients already",
      in: "psycopg2"),
    Pair(
      "the second of two addresses that libpq tries", "OperationalError",
      "connection to server at \"localhost\" (::1), port 5432 failed: Connection refused\n\tIs the server running?\nconnection to server at \"localhost\" (127.0.0.1), port 5432 failed: FATAL:  sorry, too many clients already",
      "connection to server at \"localhost\" (::1), port 5432 failed: FATAL:  sorry, too many clients already",
      in: "psycopg2"),
    Pair(
      "libraries that wrap each other", "ConnectionError",
      "HTTPSConnectionPool(host='127.0.0.1', port=9): Max retries exceeded with url: /x (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))",
      "HTTPSConnection(host='127.0.0.1', port=9): Failed to establish a new connection: [Errno 111] Connection refused",
      in: "requests", or: "urllib3"),
  ]

  @Test("are one outage:", arguments: same)
  func isOne(_ pair: Pair) throws {
    let one = try #require(SampleMail.report(Pair.sample(pair.one).bytes))
    #expect(Pair.sample(pair.two).fingerprint == one.fingerprint.text)
    #expect(!one.place.contains("pricing.py"))
  }
}
