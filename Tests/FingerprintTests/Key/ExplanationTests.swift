import Fingerprint
import Glibc
import Testing

/// What `explain` writes, below `Corpus/Explained`: which frames, texts and rules made the key. A change of the
/// algorithm shows here as a difference that explains itself. The test writes `NAME.txt.actual` where it differs;
/// if that is right, move it over the golden.
@Suite struct ExplanationTests {
  private static let folders =
    Corpus.folders("same").map { "same/\($0)" } + ["not-reports", "malformed", "known-wrong"]

  @Test("the first mail of each folder is explained as its golden says", arguments: folders)
  func explanation(folder: String) throws {
    let mail = try #require(
      Corpus.mails(folder).first
        ?? Corpus.folders(folder).first.flatMap {
          Corpus.mails("\(folder)/\($0)").first
        })
    let actual = ReportReader().explain(mail.bytes).text + "\n"
    let golden = Corpus.root + "Explained/" + folder.replacing("/", with: "-") + ".txt"
    let expected = String(decoding: Corpus.bytes(golden), as: UTF8.self)
    #expect(actual == expected, "\(folder)/\(mail.name): see \(golden).actual")
    if actual != expected { try write(actual, to: golden + ".actual") }
  }

  private func write(_ text: String, to path: String) throws {
    let file = try #require(fopen(path, "wb"))
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    fwrite(bytes, 1, bytes.count, file)
  }
}
