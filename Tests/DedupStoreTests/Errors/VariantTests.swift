import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// What the store keeps of variants for people, and where it says how they differ.
@Suite("Variants that a person can read")
struct VariantTests {
  /// One mail of each of these variants comes, the first at nine, each a minute after the one before.
  struct Case: CustomTestStringConvertible, Sendable {
    var sentence: String
    /// Name, text and place.
    var mails: [(String, String, String)]
    var spread: VariantSpread
    /// What the mail of the next window says.
    var words: String?

    var testDescription: String { sentence }
  }

  static let cases = [
    Case(
      sentence: "one variant says nothing, however often its text changes",
      mails: [("a", "one", "p"), ("a", "two", "p")], spread: VariantSpread(texts: 1, places: 1), words: nil),
    Case(
      sentence: "texts and places are counted, each once",
      mails: [("a", "one", "p"), ("b", "two", "p"), ("c", "three", "q"), ("d", "one", "q")],
      spread: VariantSpread(texts: 3, places: 2), words: "3 texts, 2 places"),
    Case(
      sentence: "what all have in common is left out", mails: [("a", "one", "p"), ("b", "two", "p")],
      spread: VariantSpread(texts: 2, places: 1), words: "2 texts"),
    Case(
      sentence: "places alone are said alone", mails: [("a", "one", "p"), ("b", "one", "q")],
      spread: VariantSpread(texts: 1, places: 2), words: "2 places"),
    Case(
      sentence: "a text that is not known is none", mails: [("a", "", ""), ("b", "one", "p")],
      spread: VariantSpread(texts: 1, places: 1), words: nil),
    Case(
      sentence: "the text of a variant's first mail counts until another mail of it goes out",
      mails: [("a", "one", "p"), ("b", "two", "p"), ("b", "one", "p")],
      spread: VariantSpread(texts: 2, places: 1), words: nil),
    Case(
      sentence: "a report without a variant is not told apart", mails: [("", "one", "p"), ("", "two", "q")],
      spread: VariantSpread(), words: nil),
  ]

  @Test("the next mail, the list and the summary say how they differ", arguments: cases)
  func spread(_ test: Case) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for (minute, mail) in test.mails.enumerated() {
      try await store.accept(Self.mail(mail.0, mail.1, mail.2, at: nine + .minutes(minute)))
    }
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine).first)
    #expect(row.variants == test.spread)
    let summary = try await store.facts(from: nine, to: nine + .hours(1))
    #expect(summary.errors.map(\.variants) == [test.spread])
    let last = try #require(test.mails.last)
    try await store.accept(Self.mail(last.0, last.1, last.2, at: nine + .hours(2)))
    #expect(try await Self.words(store) == [nil, test.words])
  }

  @Test("mails that share a batch are counted with each other, in the mail and in its milestone")
  func oneBatch() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.milestones = [3]
    store.setPolicy(policy)
    let mails = [("a", "one", 0), ("b", "two", 1), ("c", "three", 2), ("a", "four", 60)]
    _ = await store.acceptTogether(mails.map { Self.mail($0.0, $0.1, "p", at: nine + .minutes($0.2)) })
    #expect(try await Self.words(store).contains("3 texts"))
    let notice = try #require(try await store.queue(limit: 10).first { $0.kind == .notice })
    let text = String(decoding: try #require(try await store.octets(of: notice.id)), as: UTF8.self)
    #expect(text.contains("variants    3: 3 texts\r\n"))
  }

  @Test("a mail that the admin lets out for itself says nothing of others")
  func passing() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.settings.mode = .pass
    store.setPolicy(policy)
    for (minute, name) in ["a", "b", "c"].enumerated() {
      try await store.accept(Self.mail(name, name, name, at: nine + .minutes(minute)))
    }
    #expect(try await Self.words(store) == [nil, nil, nil])
  }

  @Test(
    "each variant is shown with what its first mail says, or one that went out later, and the first hundred are kept")
  func details() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.variants = 3
    let store = try Shop.store(folder, limits: limits)
    for number in 0..<5 {
      try await store.accept(Self.mail("v\(number)", "text \(number)", "p", at: nine + .minutes(number)))
    }
    try await store.accept(Self.mail("v2", "not shown", "p", at: nine + .minutes(9)))
    try await store.accept(Self.mail("v1", "a later text", "q", at: nine + .hours(2)))
    store.close()
    let again = try Shop.store(folder, limits: limits)
    defer { again.close() }
    let detail = try #require(try await again.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(
      detail.variants.map(\.traits) == [
        VariantTraits(text: "text 0", place: "p", caller: "caller of v0"),
        VariantTraits(text: "a later text", place: "q", caller: "caller of v1"),
        VariantTraits(text: "text 2", place: "p", caller: "caller of v2"),
      ])
    #expect(detail.row.variants == VariantSpread(texts: 3, places: 2))
  }

  @Test("the summary counts the texts of one error over all its sites")
  func sites() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for (site, text) in [(Shop.site, "one"), (Shop.staging, "one"), (Shop.staging, "two")] {
      try await store.accept(Self.mail(text, text, "p", site: site, at: nine))
    }
    let summary = try await store.facts(from: nine, to: nine + .hours(1))
    #expect(summary.errors.map(\.variants) == [VariantSpread(texts: 2, places: 1)])
  }

  @Test("what was merged into an error counts among its variants, in its mails, the list and show")
  func merged() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Self.mail("a", "one", "p", at: nine))
    try await store.accept(Self.mail("b", "two", "q", error: "bbbb1111", at: nine))
    func row(_ id: String) async throws -> Int64 {
      try #require(try await store.errors(idPrefix: id, site: nil).first).row
    }
    _ = try await store.merge([try await row("bbbb")], into: try await row("aaaa"))
    try await store.accept(Self.mail("a", "one", "p", at: nine + .hours(2)))
    #expect(try await Self.words(store).last == "2 texts, 2 places")
    let detail = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(detail.row.variants == VariantSpread(texts: 2, places: 2) && detail.variants.count == 2)
  }

  @Test("variants of an earlier version have no text until their next mail")
  func migration() async throws {
    let folder = try TemporaryFolder()
    let pool = try DatabasePool(path: folder.file("dedup.sqlite"))
    try Schema.migrator.migrate(pool, upTo: "16 kinds")
    try await pool.write { db in
      try db.execute(
        sql: "INSERT INTO site (id, key, name, sender, recipients) VALUES (7, ?, 'shop.settings', 's', 'r')",
        arguments: [Shop.site.key])
      try db.execute(
        sql: """
          INSERT INTO fingerprint
            (id, site_id, fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed)
          VALUES (1, 7, 'v1:aaaa1111', 'T', 'p', ?1, ?1, ?1, 1, 2, 1)
          """, arguments: [nine.milliseconds])
      for name in ["a", "b"] {
        try db.execute(
          sql: "INSERT INTO variant (fingerprint_id, variant, first_seen, last_seen, total) VALUES (1, ?, ?2, ?2, 1)",
          arguments: [name, nine.milliseconds])
      }
    }
    try pool.close()
    let store = try Shop.store(folder)
    defer { store.close() }
    let before = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(before.variants.map(\.traits) == [VariantTraits(), VariantTraits()])
    #expect(before.row.variants == VariantSpread())
    try await store.accept(Self.mail("b", "two", "p", at: nine + .minutes(1)))
    let after = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(after.variants.map(\.traits.text) == ["", "two"] && after.variants.map(\.total) == [1, 2])
  }

  private static func mail(
    _ name: String, _ text: String, _ place: String, error: String = "aaaa1111", site: Site = Shop.site,
    at time: Timestamp
  ) -> Submission {
    var occurrence = Shop.occurrence(error, site)
    occurrence.variant = name
    occurrence.traits = LateVariantTraits { VariantTraits(text: text, place: place, caller: "caller of \(name)") }
    return Shop.mail(.report(occurrence), at: time)
  }

  /// `X-MailDedup-Variants` of the reports that went out, in their order.
  private static func words(_ store: SQLiteStore) async throws -> [String?] {
    var words: [String?] = []
    for entry in try await store.queue(limit: 100) where entry.kind == .report {
      let message = try #require(try await store.octets(of: entry.id))
      words.append(HeaderEdit.text(of: "x-maildedup-variants", in: message)?.drop { $0 == " " }.description)
    }
    return words
  }
}
