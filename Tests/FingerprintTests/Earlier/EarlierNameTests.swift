import Testing

@testable import Fingerprint

/// What versions 1 and 2 called an outage. A store may know errors by these names, so none may change.
@Suite struct EarlierNameTests {
  private static func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  @Test(
    "a message about a connection names its endpoint, and a server on this machine is one however it is reached",
    arguments: [
      ("connect on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed", "local:5432"),
      ("through socket '/run/mysqld/mysqld.sock' (2)", "local"),
      ("connection to server at \"db.example.com\" (10.0.0.5), port 5432 failed", "db.example.com:5432"),
      ("connection to server at \"127.0.0.1\", port 5432 failed", "local:5432"),
      ("Is the server running on host \"db\" (10.0.0.5) and accepting TCP/IP connections on port 5432?", "db:5432"),
      ("HTTPSConnectionPool(host='api.example.com', port=443): Max retries", "api.example.com:443"),
      ("Connect call failed ('::1', 5432)", "local:5432"),
      ("Can't connect to MySQL server on 'db.example.com:3306' (111)", "db.example.com:3306"),
      ("Error 111 connecting to localhost:6379. Connection refused.", "local:6379"),
      ("Cannot connect to host api.example.com:443 ssl:default", "api.example.com:443"),
      ("could not translate host name \"db\" to address", "db"),
      (
        "Could not connect to the endpoint URL: \"https://sqs.eu-west-1.amazonaws.com/\"",
        "sqs.eu-west-1.amazonaws.com"
      ),
      ("Connection refused", nil), ("connecting to .", nil), ("on socket nowhere", nil), ("see ://", nil),
    ] as [(String, String?)])
  func endpoint(_ message: String, _ expected: String?) {
    let bytes = Array(message.utf8)
    #expect(Self.text(EarlierEndpoint.find(bytes.span, in: 0..<bytes.count)) == expected)
  }

  @Test(
    "a module that is not there is named with quotes and, as Python 2 wrote it, without",
    arguments: [
      ("No module named 'shop.feeds'", "shop.feeds"), ("No module named shop.feeds", "shop.feeds"),
      ("No module named ", nil), ("cannot import name x", nil),
    ] as [(String, String?)])
  func module(_ message: String, _ expected: String?) {
    let bytes = Array(message.utf8)
    #expect(Self.text(EarlierSubject.module(bytes.span, 0..<bytes.count)) == expected)
  }

  @Test(
    "a table or column that is not there is named as PostgreSQL, SQLite and MySQL write it",
    arguments: [
      ("relation \"shop_order\" does not exist", "shop_order"),
      ("column shop_order.vat does not exist", "shop_order.vat"), ("no such table: shop_order", "shop_order"),
      ("Table 'shop.order' doesn't exist", "shop.order"), ("Unknown column 'vat' in 'field list'", "vat"),
      ("deadlock detected", nil),
    ] as [(String, String?)])
  func relation(_ message: String, _ expected: String?) {
    let bytes = Array(message.utf8)
    #expect(Self.text(EarlierSubject.relation(bytes.span, 0..<bytes.count)) == expected)
  }
}
