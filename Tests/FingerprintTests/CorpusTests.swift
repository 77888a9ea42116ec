import Fingerprint
import Testing

/// The mails under `Corpus/`, made by real Django with `Scripts/corpus/make.py`.
@Suite struct CorpusTests {
  @Test("each folder of Corpus/same is one error", arguments: Corpus.folders("same"))
  func same(_ folder: String) throws {
    let mails = Corpus.mails("same/" + folder)
    #expect(!mails.isEmpty)
    let first = try #require(mails.first)
    let expected = try #require(SampleMail.fingerprint(first.bytes))
    for mail in mails { #expect(SampleMail.fingerprint(mail.bytes) == expected, "\(folder)/\(mail.name)") }
  }

  @Test("no two folders of Corpus/same are the same error")
  func different() {
    var seen: [String: String] = [:]
    for folder in Corpus.folders("same") {
      guard let first = Corpus.mails("same/" + folder).first, let print = SampleMail.fingerprint(first.bytes) else {
        continue
      }
      #expect(seen[print] == nil, "\(folder) and \(seen[print] ?? "")")
      seen[print] = folder
    }
  }

  @Test("mail that carries a report and is none passes", arguments: Corpus.mails("not-reports").map(\.name))
  func notReports(_ name: String) throws {
    let mail = try #require(Corpus.mails("not-reports").first { $0.name == name })
    guard case .pass = ReportReader().judge(mail.bytes) else {
      Issue.record("\(name): \(SampleMail.outcome(mail.bytes))")
      return
    }
  }

  @Test("a damaged report is forwarded with a reason", arguments: Corpus.mails("malformed").map(\.name))
  func malformed(_ name: String) throws {
    let mail = try #require(Corpus.mails("malformed").first { $0.name == name })
    #expect(SampleMail.report(mail.bytes) == nil)
  }

  @Test("known wrong: these should be one error and are not yet", arguments: Corpus.folders("known-wrong"))
  func knownWrong(_ folder: String) {
    let prints = Set(Corpus.mails("known-wrong/" + folder).map { SampleMail.fingerprint($0.bytes) ?? "none" })
    withKnownIssue("see known-wrong/README.md") { #expect(prints.count == 1) }
  }

  @Test("the explanation of every mail comes to the same fingerprint", arguments: Corpus.folders("same"))
  func explained(_ folder: String) {
    for mail in Corpus.mails("same/" + folder) {
      let explanation = ReportReader().explain(mail.bytes)
      #expect(explanation.fingerprint == SampleMail.fingerprint(mail.bytes))
      #expect(explanation.text.contains("Decided by:"))
    }
  }
}
