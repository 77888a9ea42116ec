import DedupCore
import MailMessage
import MailTestKit
import RelayMail
import Testing

@Suite("Telling of a replaced database")
struct StoreReplacementTests {
  private static func notice(
    _ cause: StoreReplacement.Cause = .damaged, path: String? = "/store/dedup.sqlite.damaged-1", lost: Int? = 0
  ) -> StoreReplacementNotice {
    let replacement = StoreReplacement(
      cause: cause, reason: "SQLite error 11:\nmalformed", at: Timestamp(seconds: 1_760_000_400), path: path,
      recovered: 5, lost: lost, errors: 3)
    return StoreReplacementNotice(replacement, hostname: "relay.example", utcOffsetMinutes: 120)
  }

  @Test(
    "it says what happened, what was taken over, where the old file is and what to do",
    arguments: [
      (notice(), "was found damaged:\n    SQLite error 11: malformed\n"), (notice(), "Thu, 9 Oct 2025 11:00:00 +0200"),
      (notice(), "5 were taken over. None was lost."), (notice(lost: 2), "Up to 2 could not be read"),
      (notice(lost: nil), "How many could not be read is not known"), (notice(), "counts go on: 3."),
      (notice(), "    /store/dedup.sqlite.damaged-1\n"), (notice(), "sqlite3 FILE .recover"),
      (notice(.removed, path: nil), "was removed or replaced while it was in use"),
      (notice(.removed, path: nil), "find out who removes files"),
      (notice(.removed), "stood in its place was not used and was kept:\n    /store/dedup.sqlite.damaged-1\n"),
    ])
  func says(_ notice: StoreReplacementNotice, _ words: String) {
    #expect(notice.text.contains(words), "\(notice.text)")
  }

  @Test("the mail has the host in its Subject and is no line longer than people read")
  func mail() {
    let (from, to) = (EmailAddress("relay@example.org"), [EmailAddress("ann@example.org")])
    let id = QueueID(rawValue: 1)
    let message = String(
      decoding: Self.notice().message(from: from, to: to, id: id, date: Timestamp(seconds: 0)), as: UTF8.self)
    #expect(message.contains("Subject: [MailDedup] the database on relay.example was damaged and replaced\r\n"))
    #expect(message.contains("To: ann@example.org\r\n") && message.contains("Auto-Submitted: auto-generated"))
    #expect(Self.notice().text.split(separator: "\n").allSatisfy { $0.count <= 120 })
  }
}
