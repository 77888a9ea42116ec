import Fingerprint
import MailTestKit
import Testing

/// What a visitor of a site writes decides nothing: real reports of Django 1.11 to 6.1 with hostile text in each place
/// that a visitor can write to. The same texts are the seeds of the fuzzer.
@Suite struct HostileTextTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let shows: String
    let text: [UInt8]
    var testDescription: String { shows }
  }

  static let folder = Repository.path("Fuzz/Templates")

  static let templates = Template.all(in: folder)

  static let cases: [Case] = TextTable.rows(folder + "/visitors.txt").map { row in
    Case(shows: row[0], text: TextTable.unescaped(row[1]))
  }

  @Test("there are mails and texts to try")
  func presence() {
    #expect(Self.templates.count > 20 && Self.cases.count > 10)
  }

  @Test("fingerprint, settings module and prefix stay, or the mail is a doubt", arguments: cases)
  func decidesNothing(_ test: Case) throws {
    for template in Self.templates {
      let plain = try #require(Self.report(template.mail([], in: 0)), "\(template.name) is no report")
      for places: UInt8 in [1, 2, 4, 7] {
        switch ReportReader().judge(template.mail(Template.asMailed(test.text), in: places)) {
        case .doubt: continue
        case .pass(let reason): Issue.record("\(template.name), places \(places): pass, \(reason)")
        case .report(let report):
          #expect(report.fingerprint == plain.fingerprint, "\(template.name), places \(places): \(report.place)")
          #expect(report.settingsModule == plain.settingsModule, "\(template.name), places \(places)")
          #expect(report.subjectPrefix == plain.subjectPrefix, "\(template.name), places \(places)")
        }
      }
    }
  }

  private static func report(_ mail: [UInt8]) -> FingerprintedReport? {
    guard case .report(let report) = ReportReader().judge(mail) else { return nil }
    return report
  }
}
