import MailMessage
import Testing

@testable import Fingerprint

/// What stays of a message: one row per thing that differs from one occurrence to the next.
@Suite struct NormalizerTests {
  static let data: [(String, String)] = [
    ("Low stock: SKU-3348 has only 4 left (warehouse 68b072)", "Low stock: SKU-# has only # left (warehouse #)"),
    ("could not reach https://api.example.org/v2/x?id=7 in time", "could not reach <url> in time"),
    ("user kim.b+test@example.org has no rights", "user <address> has no rights"),
    ("export 0fcbb8dd-b46a-45e8-9c0f-202b70cc4006 failed: yaml", "export <uuid> failed: yaml"),
    ("since 2026-11-22 16:40:34,348 nothing came", "since <time> nothing came"),
    ("at 2026-11-22T16:40:34.348Z it broke", "at <time> it broke"),
    ("<Order object at 0x7f17d2b90>", "<Order object at <memory>>"),
    ("refused by 198.51.100.7:8080", "refused by <ip>"),
    ("spool holds 41 files in /srv/data/spool-6", "spool holds # files in <path>"),
    ("cannot open C:\\data\\in.csv here", "cannot open <path> here"),
    ("invalid literal for int() with base 10: 'ten'", "invalid literal for int() with base #: <string>"),
    ("'NoneType' object has no attribute 'get'", "<string> object has no attribute <string>"),
    ("User's profile didn't load", "User's profile didn't load"),
    ("[Errno 28] No space left on device", "[Errno 28] No space left on device"),
    ("(1205, 'Lock wait timeout exceeded')", "(1205, <string>)"),
    ("upstream gave HTTP 502 after 3.5 s", "upstream gave HTTP 502 after # s"),
    ("rows [1, 22, 333] are bad", "rows [#] are bad"),
    ("token aZ3kQ9xB72Lm1 is gone", "token # is gone"),
    ("  much \t white   space ", "much white space"),
    ("", ""),
  ]

  @Test("data is taken out", arguments: data)
  func normalizes(_ text: String, _ expected: String) {
    #expect(Self.normalized(text, TextNormalizer()) == expected)
  }

  @Test(
    "identifiers in a database's double quotes stay, values go",
    arguments: [
      ("relation \"shop_order\" does not exist", "relation \"shop_order\" does not exist"),
      ("invalid input syntax for type integer: \"abc\"", "invalid input syntax for type integer: <string>"),
      ("Key (number)=(N-718010) already exists.", "Key (number)=(N-#) already exists."),
    ])
  func database(_ text: String, _ expected: String) {
    #expect(Self.normalized(text, TextNormalizer(quotes: .database)) == expected)
  }

  @Test(
    "since version 3 only what names a part of the database is an identifier",
    arguments: [
      ("duplicate key value violates unique constraint \"order_key\"", true),
      ("null value in column \"vat\" of relation \"order\" violates not-null constraint", true),
      ("value \"99999999999\" is out of range for type integer", false),
      ("syntax error at or near \"abc\"", false), ("time zone \"abc\" not recognized", false),
      ("near \"abc\": syntax error", false),
    ])
  func databaseParts(_ text: String, _ stays: Bool) {
    #expect((Self.normalized(text, TextNormalizer(quotes: .databaseParts)) == text) == stays)
    #expect(Self.normalized(text, TextNormalizer(quotes: .database)) == text, "as before")
  }

  @Test("what another party answered is data in a log message, and nowhere else")
  func reportedValues() {
    let texts = ["busy", "timeout", "418"].map { "Courier answered \($0) for parcel P401383974 after 6.519 s" }
    #expect(Set(texts.map { Self.normalized($0, TextNormalizer(isLogMessage: true)) }).count == 1)
    #expect(Set(texts.map { Self.normalized($0, TextNormalizer()) }).count == 3)
  }

  private static func normalized(_ text: String, _ normalizer: TextNormalizer) -> String {
    var normalizer = normalizer
    let bytes = Array(text.utf8)
    return String(decoding: normalizer.normalize(bytes.span, bytes.span.trimmed(0..<bytes.count)), as: UTF8.self)
  }
}
