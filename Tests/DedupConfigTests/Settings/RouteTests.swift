import DedupCore
import MailMessage
import Testing

@testable import DedupConfig

private func problems(_ text: String) -> [String] {
  let parsed = ConfigurationParser.parse(Array(text.utf8), file: "dedup.conf")
  return (parsed.errors + parsed.warnings).map { "\($0)" }
}

/// `[route NAME]`, and the limits and senders of `[delivery]`.
@Suite struct RouteTests {
  private static let text = """
    [delivery]
    smarthost = mail.example.org:587
    username = relay
    password-file = secret
    rate = 50/min
    daily = 2000
    sender-rewrite = relay+@example.org

    [route errors]
    kind = reports, own
    recipient = example.org, *@ops.example.net
    smarthost = smtp.example.net:465
    envelope-sender = errors@example.org

    [route other-login]
    sender = @shop.example
    username = shop
    password-file = shop-secret
    daily = 10
    """

  @Test("a route says what it says, and takes the rest from [delivery]; with another smarthost there is no old login")
  func reads() throws {
    let parsed = ConfigurationParser.parse(Array(Self.text.utf8), file: "dedup.conf")
    #expect(parsed.errors == [] && parsed.warnings == [])
    let configuration = parsed.configuration.resolvingPaths(against: "/etc/x")
    #expect(configuration.delivery.limits == DeliveryLimits(rate: DeliveryRate(50, per: .minute), daily: 2000))
    let errors = configuration.delivery(on: configuration.routes[0])
    #expect(errors.smarthosts == [Smarthost(host: "smtp.example.net", port: 465)])
    #expect(errors.username == nil && errors.passwordFile == nil && errors.limits.isEmpty)
    #expect(errors.rewrite?.outgoing(EmailAddress("shop@example.com")).text == "errors@example.org")
    let selector = configuration.routes[0].selector
    #expect(
      selector.kinds == [.reports, .own]
        && selector.recipients.map(\.description) == ["*@example.org", "*@ops.example.net"])
    let other = configuration.delivery(on: configuration.routes[1])
    #expect(other.smarthosts == configuration.delivery.smarthosts && other.passwordFile == "/etc/x/shop-secret")
    #expect(other.limits == DeliveryLimits(rate: DeliveryRate(50, per: .minute), daily: 10))
    #expect(other.rewrite?.outgoing(EmailAddress("root@localhost")).text == "relay+root=localhost@example.org")
  }

  @Test("what is printed reads back as it was, and a reload sees what differs")
  func roundTrip() {
    let configuration = ConfigurationParser.parse(Array(Self.text.utf8), file: "dedup.conf").configuration
    let printed = ConfigurationReference.values(of: configuration)
    let again = ConfigurationParser.parse(Array(printed.utf8), file: "dedup.conf")
    #expect(again.errors == [] && again.configuration == configuration)
    var other = configuration
    other.routes[0].daily = 7
    let change = ConfigurationChange(from: configuration, to: other)
    #expect(change.keys == ["route"] && change.concernsRoute)
    #expect(change.values.map(\.key) == ["route errors"])
  }

  @Test(
    "what is wrong with a route is said where it stands",
    arguments: [
      ("[route]\nkind = own\ndaily = 1", "1:2: [route ] a route needs its name; write [route NAME]"),
      ("[route a]\ndaily = 1", "1:2: [route a] it does not say which mail; add recipient, sender or kind"),
      (
        "[route a]\nkind = own",
        "1:2: [route a] it says nothing of where mail goes; add smarthost, username or envelope-sender, or remove it"
      ),
      (
        "[route a]\nkind = own\nsmarthosts = x:25", "3:1: [route a] unknown key \"smarthosts\"; did you mean smarthost?"
      ),
      (
        "[route a]\nkind = own\ndaily = 1\ndaily = 2",
        "4:1: [route a] sets daily twice, first in line 3; remove one of the two"
      ),
      (
        "[route a]\nkind = own\nusername = x",
        "3:1: [route a] username: a login needs a secret; set password-file, oauth-token-file or oauth-token-command as well"
      ),
      (
        "[route a]\nkind = own\nrate = 50",
        "3:8: [route a] rate: \"50\" is not a rate; write a number, / and s, min or h, e.g. 10/min"
      ),
      (
        "[route a]\nkind = own\nsmarthost = 127.0.0.1:2525",
        "1:2: route a: 127.0.0.1:2525 is the relay itself (listener.address), mail would run in circles"
      ),
      (
        "[route a]\nkind = own\ndaily = 1\n[route b]\nkind = own\nsender = example.org\ndaily = 2",
        "4:2: route b: it never applies: [route a] comes first and takes all it takes"
      ),
    ])
  func wrong(text: String, problem: String) {
    #expect(problems(text) == ["dedup.conf:" + problem])
  }
}
