import MailMessage
import Testing

@testable import DedupCore

@Suite struct RouteSelectorTests {
  private static func globs(_ patterns: [String]) throws -> [Glob] {
    try patterns.map { try Glob($0, ignoresCase: true) }
  }

  @Test(
    "all that a route says has to hold",
    arguments: [
      (["*@example.org"], [], [], true, "the recipient's domain"),
      (["*@Example.ORG"], [], [], true, "in any case"), (["*@example.com"], [], [], false, "another domain"),
      ([], ["root@*"], [], true, "the sender"), ([], [], [MailClass.reports], true, "the kind"),
      ([], [], [.ordinary, .own], false, "another kind"),
      (["*@example.org"], ["root@*"], [.ordinary], false, "two hold and one does not"),
    ] as [([String], [String], [MailClass], Bool, Comment)])
  func matches(recipients: [String], senders: [String], kinds: [MailClass], isMatch: Bool, why: Comment) throws {
    var selector = RouteSelector()
    (selector.recipients, selector.senders, selector.kinds) = (
      try Self.globs(recipients), try Self.globs(senders), kinds
    )
    let matches = selector.matches(
      sender: EmailAddress("root@localhost"), recipient: EmailAddress("ops@example.org"), kind: .report)
    #expect(matches == isMatch, why)
  }

  private static func rewrite(_ address: String) throws -> SenderRewrite {
    SenderRewrite(address: EmailAddress(address), senders: try globs(["*@localhost", "*@*.local"]))
  }

  @Test(
    "a sender that smarthosts refuse is replaced, and stands behind the + where there is one",
    arguments: [
      ("relay@example.org", "root@localhost", "relay@example.org"),
      ("relay+@example.org", "root@localhost", "relay+root=localhost@example.org"),
      ("relay+@example.org", "www-data@web1.local", "relay+www-data=web1.local@example.org"),
      ("relay+@example.org", "shop@example.com", "shop@example.com"), ("relay+@example.org", "", ""),
      ("relay+@example.org", "\"a b\"@localhost", "relay@example.org"),
      ("relay+@example.org", "\(String(repeating: "x", count: 60))@localhost", "relay@example.org"),
    ])
  func outgoing(address: String, sender: String, expected: String) throws {
    #expect(try Self.rewrite(address).outgoing(EmailAddress(sender)).text == expected)
  }

  @Test(
    "bounces find their way: to the sender they name, or where somebody reads what nobody can reach",
    arguments: [
      ("", "relay+shop=example.com@example.org", false, "shop@example.com", "a bounce that came through the relay"),
      ("", "Relay+shop=example.com@Example.ORG", false, "shop@example.com", "a server changed the case"),
      ("", "relax+shop=example.com@example.org", false, "relax+shop=example.com@example.org", "another local part"),
      ("", "relay+root=localhost@example.org", false, "relay+root=localhost@example.org", "no one can reach that"),
      ("a@example.com", "relay+shop=example.com@example.org", false, "relay+shop=example.com@example.org", "no bounce"),
      ("", "other@example.org", false, "other@example.org", "another recipient"),
      ("", "relay+=@example.org", false, "relay+=@example.org", "nothing in it"),
      ("", "root@localhost", true, "relay+root=localhost@example.org", "a bounce of ours"),
      ("", "shop@example.com", true, "shop@example.com", "a bounce of ours to somebody who can be reached"),
    ])
  func destination(sender: String, recipient: String, isOurs: Bool, expected: String, why: Comment) throws {
    let to = try Self.rewrite("relay+@example.org").destination(
      of: EmailAddress(recipient), sender: EmailAddress(sender), isOurBounce: isOurs)
    #expect(to.text == expected, why)
  }
}
