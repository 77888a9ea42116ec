import Fingerprint
import Testing

/// What a mail costs grows with its size and no faster, whatever is in it. Counted in steps, never in time.
@Suite struct LinearityTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let mail: GrowingMail
    var testDescription: String { "\(mail.place.rawValue): \(mail.shows)" }
  }

  /// Steps that an octet may cost, all stages together.
  static let mostPerOctet = 40

  /// Steps that a mail costs however small it is; what is below tells nothing of growth.
  static let constant = 50_000

  @Test("twice the text, at most twice the steps", arguments: GrowingMail.all.map(Case.init))
  func doubling(_ test: Case) {
    let small = test.mail.mail(of: 50_000)
    let large = test.mail.mail(of: 100_000)
    let (few, many) = (Self.work(small), Self.work(large))
    #expect(Double(many) <= 2.2 * Double(few) + Double(Self.constant), "\(few) steps, then \(many)")
    #expect(many <= Self.mostPerOctet * large.count + Self.constant, "\(many) steps for \(large.count) octets")
    #expect(many > 0)
  }

  @Test("the table is read whole")
  func presence() {
    #expect(GrowingMail.all.count == TextTable.rows(Corpus.root + "growing.txt").count)
    #expect(GrowingMail.all.count > 200)
  }

  /// The counted steps of judging a mail.
  private static func work(_ mail: [UInt8]) -> Int { ReportReader().work(of: mail) }
}
