import Fingerprint
import Testing

/// What a visitor of a site writes decides nothing: real reports of Django 1.11 to 6.1 with hostile text in each place
/// that a visitor can write to. The same texts are the seeds of the fuzzer.
@Suite struct HostileTextTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let shows: String
    let text: [UInt8]
    var testDescription: String { shows }
  }

  static let folder =
    String(#filePath.dropLast("Tests/FingerprintTests/HostileTextTests.swift".count)) + "Fuzz/Templates"

  static let templates = Template.all(in: folder)

  static let cases: [Case] = String(decoding: Corpus.bytes(folder + "/visitors.txt"), as: UTF8.self)
    .split(separator: "\n").map { line in
      let columns = line.split(separator: "\t", maxSplits: 1)
      return Case(shows: String(columns[0]), text: unescaped(String(columns.last ?? "")))
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
        case .unclear: continue
        case .notAReport(let reason): Issue.record("\(template.name), places \(places): pass, \(reason)")
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

  /// Reads `\n`, `\xHH` and `\0OOO` as `printf %b` does.
  private static func unescaped(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let octet = rest.popFirst() {
      guard octet == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
        output.append(octet)
        continue
      }
      switch kind {
      case UInt8(ascii: "n"): output.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "x"): output.append(number(&rest, digits: 2, radix: 16))
      case UInt8(ascii: "0"): output.append(number(&rest, digits: 3, radix: 8))
      default: output += [octet, kind]
      }
    }
    return output
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int, radix: Int) -> UInt8 {
    defer { rest = rest.dropFirst(digits) }
    return UInt8(String(decoding: rest.prefix(digits), as: UTF8.self), radix: radix) ?? 0
  }
}
