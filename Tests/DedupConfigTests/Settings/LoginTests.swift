import DedupConfig
import DedupCore
import SMTPProtocol
import Testing

/// How mail gets to smarthosts: encryption and login.
struct LoginTests {
  @Test(
    "what tls = auto means",
    arguments: [
      ("mail.example.org:25", false, TLSMode.opportunistic), ("mail.example.org:587", false, .require),
      ("mail.example.org:465", false, .implicit), ("mail.example.org:2525", false, .opportunistic),
      ("mail.example.org:25", true, .require), ("127.0.0.1:25", false, .opportunistic),
      ("localhost:587", true, .opportunistic), ("[::1]:465", false, .implicit),
    ])
  func auto(smarthost: String, hasUsername: Bool, mode: TLSMode) throws {
    let login = hasUsername ? "\nusername = x\npassword-file = y" : ""
    let parsed = parse("[delivery]\nsmarthost = \(smarthost)\(login)")
    #expect(parsed.errors == [])
    let delivery = parsed.configuration.delivery
    #expect(delivery.tlsMode(for: try #require(delivery.smarthosts.first)) == mode)
  }

  @Test("what is written wins", arguments: [TLSMode.none, .opportunistic, .require, .implicit])
  func explicit(mode: TLSMode) throws {
    let delivery = parse("[delivery]\nsmarthost = mail.example.org:465\ntls = \(mode.rawValue)").configuration.delivery
    #expect(delivery.tlsMode(for: try #require(delivery.smarthosts.first)) == mode)
  }

  @Test(
    "a login that cannot work, or would be heard by others",
    arguments: [
      ("username = x", "2:12: delivery.username: a login needs a secret"),
      ("password-file = x", "2:17: delivery.password-file: there is no username"),
      ("username = x\npassword-file = y\noauth-token-file = z", "4:20: delivery.oauth-token-file: delivery.password"),
      ("username = x\npassword-file = y\ntls = opportunistic", "4:7: delivery.tls: with opportunistic others could"),
      ("username = x\npassword-file = y\ntls = none", "4:7: delivery.tls: with none others could read the password"),
    ])
  func mistakes(text: String, problem: String) {
    let found = parse("[delivery]\n\(text)\nsmarthost = mail.example.org:587").errors.map(\.description)
    #expect(found.count == 1 && found[0].hasPrefix("dedup.conf:" + problem), "\(found)")
  }

  @Test("a smarthost that stands twice")
  func twice() {
    #expect(parse("[delivery]\nsmarthost = a.example:25, a.example:25").errors.count == 1)
  }

  @Test("paths start at the folder of the file, secrets of systemd do not")
  func paths() {
    var configuration = Configuration()
    configuration.delivery.passwordFile = "$CREDENTIALS_DIRECTORY/x"
    configuration.delivery.tokenFile = "token"
    configuration.delivery.caFile = "/ca.pem"
    let delivery = configuration.resolvingPaths(against: "/etc/maildedup").delivery
    #expect(delivery.passwordFile == "$CREDENTIALS_DIRECTORY/x" && delivery.caFile == "/ca.pem")
    #expect(delivery.tokenFile == "/etc/maildedup/token")
  }
}
