import DedupCore
import Testing

@testable import RelayMail

/// What stands before the Subject of a later mail.
@Suite("Subject tags") struct SubjectTagTests {
  @Test(
    "a tag is short enough for the Subject to stay in sight, whatever the count, and is found again",
    arguments: [
      (nil, 1, "[1x 4cd8fd73]"), (nil, 9999, "[9999x 4cd8fd73]"), (.back, 10_000, "[back 10kx 4cd8fd73]"),
      (.again, 999_999, "[again 999kx 4cd8fd73]"), (.quiet, 1_000_000, "[quiet 1Mx 4cd8fd73]"),
      (.still, Int.max, "[still 999Mx 4cd8fd73]"), (.also, -1, "[also 0x 4cd8fd73]"),
    ] as [(SubjectTag.Word?, Int, String)])
  func texts(word: SubjectTag.Word?, count: Int, text: String) {
    let tag = SubjectTag(word: word, count: count, errorID: "4cd8fd73")
    #expect(tag.text == text && text.count <= 23)
    let subject = Array("\(text) [Django] ERROR".utf8)[...]
    #expect(SubjectTag.end(in: subject).map { String(decoding: subject[$0...], as: UTF8.self) } == " [Django] ERROR")
  }

  @Test(
    "what a site writes there is no tag",
    arguments: [
      "", "[", "[]", "[Django] ERROR", "[3x]", "[x 4cd8fd73]", "[back soon 4cd8fd73]", "[300x 4cd8fd73",
      "300x 4cd8fd73]",
      "[3x 4cd8fd73ab] y", "[again 3x 4cd8fd73 z] y",
    ])
  func others(text: String) {
    #expect(SubjectTag.end(in: Array(text.utf8)[...]) == nil)
  }
}
