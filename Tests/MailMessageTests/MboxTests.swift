import MailMessage
import MailTestKit
import Testing

@Suite("Mbox files") struct MboxTests {
  static func mails(_ file: String, pieces: Int = .max, limit: Int = 10_000) -> [MboxReader.Mail] {
    var reader = MboxReader(limit: limit)
    var mails: [MboxReader.Mail] = []
    let bytes = Array(file.utf8)
    var start = 0
    while start < bytes.count {
      let end = start + min(pieces, bytes.count - start)
      mails += reader.read(Array(bytes[start..<end]))
      start = end
    }
    return mails + (reader.finish().map { [$0] } ?? [])
  }

  static let mark = "From root@shop Sun Nov 22 14:03:05 2026\n"

  struct Case: CustomTestStringConvertible {
    var shows: String
    var file: String
    var mails: [String]
    var testDescription: String { shows }
  }

  @Test(
    "an mbox is split at its From lines",
    arguments: [
      Case(shows: "one mail", file: mark + "Subject: a\n\nbody\n\n", mails: ["Subject: a\n\nbody\n"]),
      Case(
        shows: "two; the empty line between them is of neither", file: mark + "A: a\n\nx\n\n" + mark + "B: b\n\ny\n",
        mails: ["A: a\n\nx\n", "B: b\n\ny\n"]),
      Case(
        shows: "a quoted From loses one mark, a line that only holds one stays",
        file: mark + "A: a\n\n>From here\n>>From there\n> From nowhere\n>x\n",
        mails: ["A: a\n\nFrom here\n>From there\n> From nowhere\n>x\n"]),
      Case(
        shows: "From in a text begins no mail without an empty line before it",
        file: mark + "A: a\n\ntext\nFrom root@shop Sun Nov 22 14:03:05 2026\n",
        mails: ["A: a\n\ntext\nFrom root@shop Sun Nov 22 14:03:05 2026\n"]),
      Case(
        shows: "nor without a date, where the first one has one", file: mark + "A: a\n\n\nFrom now on it works.\n",
        mails: ["A: a\n\n\nFrom now on it works.\n"]),
      Case(
        shows: "marks without a date, all of them", file: "From a\nA: a\n\nx\n\nFrom b\nB: b\n\n",
        mails: ["A: a\n\nx\n", "B: b\n"]),
      Case(
        shows: "CRLF", file: "From a Sun Nov 22 14:03:05 2026\r\nA: a\r\n\r\nx\r\n\r\n" + mark + "B: b\n",
        mails: ["A: a\r\n\r\nx\r\n", "B: b\n"]),
      Case(shows: "the last line without its end", file: mark + "A: a\n\nx", mails: ["A: a\n\nx"]),
      Case(shows: "a mark that is the end", file: mark + "A: a\n\n" + mark, mails: ["A: a\n", ""]),
      Case(shows: "nothing", file: "", mails: []),
      Case(shows: "no mark at all", file: "A: a\n\nx\n", mails: []),
    ])
  func splits(_ test: Case) {
    for pieces in [1, 2, 7, Int.max] {
      let found = Self.mails(test.file, pieces: pieces)
      #expect(found.map { String(decoding: $0.message, as: UTF8.self) } == test.mails, "in pieces of \(pieces)")
      #expect(found.map(\.number) == Array(1...(max(1, found.count))).prefix(found.count).map { $0 })
    }
  }

  @Test("a mail above the limit is named and skipped, however long its lines are, and the next one is read")
  func tooLarge() {
    for line in [String(repeating: "x", count: 5000), String(repeating: "xy\n", count: 2000)] {
      let found = Self.mails(Self.mark + line + "\n\n" + Self.mark + "B: b\n", pieces: 64, limit: 1000)
      #expect(found.map(\.isTooLarge) == [true, false])
      #expect(found.map(\.message) == [[], Array("B: b\n".utf8)])
    }
  }

  @Test(
    "the date of a From line is read in each of its forms",
    arguments: [
      ("From a@b Sun Nov 22 14:03:05 2026", 1_795_356_185),
      ("From a@b Sun Nov 22 14:03 2026", 1_795_356_180),
      ("From a@b  Sun Nov  2 14:03:05 2026", 1_793_628_185),
      ("From 123@xxx Sun Nov 22 14:03:05 +0000 2026", 1_795_356_185),
      ("From a@b Sun Nov 22 15:03:05 2026 +0100", 1_795_356_185),
      ("From a@b Sun Nov 22 09:03:05 EST 2026", 1_795_356_185),
      ("From \"Mar 3 x\"@b Sun Nov 22 14:03:05 2026 remote from c", 1_795_356_185),
      ("From now on it works.", nil), ("From", nil), ("From a@b Sun Nov 99 14:03:05 2026", nil), ("Form a", nil),
    ])
  func date(_ line: String, _ expected: Int64?) {
    #expect(FromLine.seconds(Array(line.utf8)[...]) == expected)
  }

  @Test("any octets give mails, and no octet is read twice", arguments: UInt64(0)..<20)
  func anyOctets(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let words = ["From ", ">From ", "\n", "\r\n", Self.mark, "x", "\n\n", "Nov 22 14:03:05 2026", "\u{0}"]
    let file = (0..<200).map { _ in words.randomElement(using: &random) ?? "" }.joined()
    let whole = Self.mails(file)
    #expect(Self.mails(file, pieces: 3) == whole)
    #expect(whole.map(\.message.count).reduce(0, +) <= file.utf8.count)
  }
}

@Suite("Address lists") struct AddressListTests {
  @Test(
    "a list of addresses gives them without names and comments",
    arguments: [
      ("ops@shop.example", ["ops@shop.example"]),
      ("Shop <ops@shop.example>", ["ops@shop.example"]),
      ("\"Shop, the \\\"one\\\"\" <ops@shop.example>, dev@shop.example", ["ops@shop.example", "dev@shop.example"]),
      ("a@b (Ann, <x@y>), c@d (C)", ["a@b", "c@d"]), ("<>", [""]), ("undisclosed-recipients:;", []),
      ("", []), (",,", []), ("<a@b", ["a@b"]), ("\"open a@b", ["open a@b"]), ("(open a@b", []),
    ])
  func addresses(_ text: String, _ expected: [String]) {
    #expect(AddressList.addresses(text).map(\.text) == expected)
  }
}
