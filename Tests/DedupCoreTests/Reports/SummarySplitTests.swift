import DedupCore
import MailMessage
import Testing

@Suite("Who gets which part of the summary")
struct SummarySplitTests {
  private static func site(_ row: Int64, _ name: String, to recipients: String..., mails: Int = 1) -> SiteAudience {
    SiteAudience(row: row, name: name, sender: "root@\(name)", recipients: recipients, mails: mails)
  }

  private static let sites = [
    site(1, "shop", to: "ann@x", "bob@x", mails: 9), site(2, "blog", to: "Ann@X", mails: 2),
    site(3, "shop", to: "bob@x", "ann@x"), site(4, "shop", to: "eve@x", mails: 3),
  ]

  private static func shown(_ parts: [SummarySplit.Part]) -> [String] {
    parts.map { part in
      let rows = part.sites.map { $0.sorted().map(String.init).joined(separator: "+") } ?? "all"
      return "\(part.site ?? "-") \(rows) \(part.sender ?? "-"): \(part.recipients.map(\.text).joined(separator: " "))"
    }
  }

  @Test(
    "a summary is split into the parts that its recipients get",
    arguments: [
      // Who stands for the most mails comes first.
      (SummarySplit.no, [], ["- all root@shop: Ann@X bob@x eve@x"]),
      (.no, ["ops@x"], ["- all root@shop: ops@x"]),
      (.site, [], ["blog 2 root@blog: Ann@X", "shop 1+3 root@shop: ann@x bob@x", "shop 4 root@shop: eve@x"]),
      (.site, ["ops@x"], ["blog 2 root@blog: ops@x", "shop 1+3 root@shop: ops@x", "shop 4 root@shop: ops@x"]),
      (.recipient, [], ["- 1+2+3 root@shop: Ann@X", "- 1+3 root@shop: bob@x", "- 4 root@shop: eve@x"]),
      (.recipient, ["ops@x"], ["- all root@shop: ops@x"]),
    ])
  func parts(_ split: SummarySplit, _ to: [String], _ expected: [String]) {
    #expect(Self.shown(split.parts(Self.sites, to: to.map { EmailAddress($0) })) == expected)
  }

  @Test("recipients of the same sites share a mail, and who gets all sites gets all there is")
  func sharing() {
    let sites = Array(Self.sites.prefix(1))
    #expect(Self.shown(SummarySplit.recipient.parts(sites, to: [])) == ["- all root@shop: ann@x bob@x"])
  }

  @Test("with nobody to send to there is nothing to send", arguments: SummarySplit.allCases)
  func nobody(_ split: SummarySplit) {
    #expect(split.parts([], to: []).isEmpty)
    #expect(split.parts([Self.site(1, "shop")], to: []).isEmpty)
  }
}
