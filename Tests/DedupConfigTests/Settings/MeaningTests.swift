import DedupConfig
import DedupCore
import SMTPProtocol
import Testing

/// Unknown names and their suggestions, values that contradict each other, warnings.
@Suite struct MeaningTests {
  typealias Row = SyntaxTests.Row

  @Test(
    "an unknown name gets a suggestion",
    arguments: [
      Row(
        "a mistyped section; its keys are checked as if it were right", "[windw]\nlenght = 1h",
        [
          "1:2: unknown section [windw]; did you mean [window]?",
          "2:1: unknown key \"lenght\" in [window]; did you mean length?",
        ]),
      Row("a section in capitals", "[Window]", ["1:2: unknown section [Window]; did you mean [window]?"]),
      Row(
        "two letters swapped", "[log]\nfromat = json",
        [
          "2:1: unknown key \"fromat\" in [log]; did you mean format?"
        ]),
      Row(
        "an underscore", "[limits]\nmessage_size = 1MiB",
        [
          "2:1: unknown key \"message_size\" in [limits]; did you mean message-size?"
        ]),
      Row(
        "a key of another section", "[log]\nmaildir = x",
        [
          "2:1: unknown key \"maildir\" in [log]; put it below [delivery]"
        ]),
      Row(
        "nearly a key of another section", "[log]\nsmarthosts = x",
        [
          "2:1: unknown key \"smarthosts\" in [log]; did you mean smarthost below [delivery]?"
        ]),
      Row(
        "a key like no other", "[log]\ncolour = x", ["2:1: unknown key \"colour\" in [log]; there are level, format"]),
      Row(
        "a section like no other; its keys are not counted too", "[relayhosts]\na = b\nc = d",
        [
          "1:2: unknown section [relayhosts]; there are [listener], [delivery], [window], [reports], [summary], [access], [tls], "
            + "[auth], [encryption], [store], [fleet], [control], [log], [limits], [route NAME], [site NAME], [rule NAME]"
        ]),
      Row(
        "a name as long as a line", "[log]\n\(String(repeating: "x", count: 70)) = 1",
        [
          "2:1: unknown key \"\(String(repeating: "x", count: 57))...\" in [log]; there are level, format"
        ]),
    ])
  func suggestions(_ row: Row) {
    #expect(errors(row.text) == row.problems.map { "dedup.conf:" + $0 })
  }

  @Test("all problems of a file are reported at once, in its order")
  func allAtOnce() {
    let text = """
      early = 1
      [window]
      length = 1 hours
      [deliver]
      smarthost = mail
      nonsense
      [limits]
      recipients = 0
      recipients = 5
      receivd-hops = 5
      """
    #expect(parse(text).errors.map(\.line) == [1, 3, 4, 5, 6, 8, 9, 10])
    #expect(
      errors(text)[1]
        == "dedup.conf:3:10: window.length: \"1 hours\" is not a duration; write a number with s, min, h or d, e.g. 1h")
  }

  @Test(
    "values that contradict each other",
    arguments: [
      Row(
        "one address twice", "[listener]\naddress = 127.0.0.1:25, 127.0.0.1:25",
        [
          "2:11: listener.address: 127.0.0.1:25 stands in the list twice; remove one of the two"
        ]),
      Row(
        "an open relay", "[access]\nnetworks = 10.0.0.0/8, 0.0.0.0/0",
        ["2:12: access.networks: 0.0.0.0/0 is everybody: it would be an open relay; name the networks of your servers"]),
      Row(
        "half of all addresses, twice", "[access]\nnetworks = 0.0.0.0/1, 2000::/3",
        [
          "2:12: access.networks: 0.0.0.0/1 holds too many strangers: it would be an open relay; "
            + "name the networks of your servers",
          "2:12: access.networks: 2000::/3 holds too many strangers: it would be an open relay; "
            + "name the networks of your servers",
        ]),
      Row("the largest private networks are fine", "[access]\nnetworks = 10.0.0.0/8, fc00::/7, 2001:db8::/32", []),
      Row(
        "everybody a proxy", "[access]\nproxies = ::/0",
        [
          "2:11: access.proxies: ::/0 lets strangers pretend to be any client: it would be an open relay; "
            + "name your proxies"
        ]),
      Row(
        "a relay without ears", "[listener]\naddress =",
        ["2:10: listener.address: there is nothing to listen on; write an address, e.g. 127.0.0.1:2525"]),
      Row("a relay with a Unix socket alone", "[listener]\naddress =\nsocket = smtp.sock\n[access]\nnetworks =", []),
      Row(
        "one socket for mail and for dedupctl", "[listener]\nsocket = var/control.sock",
        ["2:10: listener.socket: it is control.socket too; write another path"]),
      Row(
        "a relay for nobody", "[access]\nnetworks =",
        ["2:11: access.networks: nobody may send: name networks here, or users in auth.users"]),
      Row(
        "a certificate without its key", "[tls]\ncertificate = cert.pem",
        ["2:15: tls.certificate: the key to it is missing; set tls.key, or neither of the two"]),
      Row(
        "a key without its certificate", "[tls]\nkey = key.pem",
        ["2:7: tls.key: the certificate to it is missing; set tls.certificate, or neither of the two"]),
      Row(
        "TLS without certificate", "[listener]\ntls-address = 127.0.0.1:465",
        ["2:15: listener.tls-address: TLS needs a certificate; set tls.certificate and tls.key"]),
      Row(
        "plain text and TLS on one address",
        "[listener]\ntls-address = 127.0.0.1:2525\n[tls]\ncertificate = c\nkey = k",
        ["2:15: listener.tls-address: 127.0.0.1:2525 is listened on already; remove one of the two"]),
      Row(
        "a smarthost that is the relay itself", "[delivery]\nsmarthost = 127.0.0.1:2525",
        [
          "2:13: delivery.smarthost: 127.0.0.1:2525 is the relay itself (listener.address), mail would run in circles; "
            + "write your mail server's address"
        ]),
      Row(
        "mail and store in one folder", "[store]\ndirectory = var/maildir",
        [
          "2:13: store.directory: this folder is given to both store.directory and delivery.maildir; write another one"
        ]),
      Row(
        "the store and its spool in one folder", "[store]\ndirectory = a//b/\nspool = ./a/b",
        ["3:9: store.spool: this folder is given to both store.directory and store.spool; write another one"]),
    ])
  func contradictions(_ row: Row) {
    #expect(errors(row.text) == row.problems.map { "dedup.conf:" + $0 })
  }

  @Test(
    "a smarthost on this machine is the relay only where it listens",
    arguments: [
      ("127.0.0.1:2525", "localhost:2525", true), ("0.0.0.0:2525", "127.0.0.1:2525", true),
      ("[::]:2525", "localhost:2525", true), ("127.0.0.1:2525", "127.0.0.1:25", false),
      ("127.0.0.1:2525", "127.0.0.2:2525", false), ("0.0.0.0:2525", "mail.example.org:2525", false),
    ])
  func ownSmarthost(_ address: String, _ smarthost: String, _ isOurs: Bool) {
    let text = "[listener]\naddress = \(address)\n[delivery]\nsmarthost = \(smarthost)"
    #expect(errors(text).isEmpty != isOurs)
  }

  @Test(
    "what works and is probably not meant is a warning",
    arguments: [
      Row(
        "a listener for everybody", "[listener]\naddress = [::1]:25, 0.0.0.0:25",
        [
          "2:11: listener.address: 0.0.0.0:25 can be reached from outside this machine, but only clients on it may send, "
            + "all others are refused; name them in access.networks, or users in auth.users (with tls.certificate)"
        ]),
      Row(
        "users who cannot log in from where they are", "[listener]\naddress = 192.0.2.1:25\n[auth]\nusers = users",
        [
          "2:11: listener.address: 192.0.2.1:25 can be reached from outside this machine, but only clients on it may "
            + "send, all others are refused; name them in access.networks, or users in auth.users (with tls.certificate)",
          "4:9: auth.users: nobody can log in: a password is taken inside TLS only; set tls.certificate and tls.key",
        ]),
      Row(
        "users on this machine need no TLS", "[auth]\nusers = users\nallow-plaintext-on-loopback = yes", []),
      Row("neither do those of a Unix socket", "[listener]\nsocket = smtp.sock\n[auth]\nusers = users", []),
      Row(
        "a public address for users",
        "[listener]\naddress = [::]:587\n[tls]\ncertificate = c\nkey = k\n[auth]\nusers = u",
        []),
      Row(
        "a public address for a network", "[listener]\naddress = 0.0.0.0:25\n[access]\nnetworks = 192.0.2.0/24", []),
      Row(
        "a proxy where a Django may be", "[access]\nnetworks = 10.0.0.0/8\nproxies = 192.0.2.1, 10.0.0.5",
        [
          "3:11: access.proxies: 10.0.0.5/32 belongs to 10.0.0.0/8 of access.networks, but who connects from there "
            + "without a PROXY header is refused, a Django there too; let it use listener.socket, or another address"
        ]),
      Row(
        "a proxy on this machine", "[access]\nproxies = 127.0.0.1",
        [
          "2:11: access.proxies: 127.0.0.1/32 belongs to 127.0.0.0/8 of access.networks, but who connects from there "
            + "without a PROXY header is refused, a Django there too; let it use listener.socket, or another address"
        ]),
      Row(
        "a comment behind a value", "[store]\ndirectory = var/x # here",
        [
          "2:13: store.directory: what looks like a comment is part of the value; put the comment on a line of its own, "
            + "or the value in double quotes"
        ]),
      Row(
        "a limit above the limit", "[listener]\nmaximum-connections = 50\nmaximum-connections-per-client = 60",
        [
          "3:34: listener.maximum-connections-per-client: 60 is above listener.maximum-connections (50) and has no effect"
        ]),
      Row(
        "parts of a summary for one who gets all", "[summary]\nto = ops@example.org\nsplit = recipient",
        ["3:9: summary.split: with summary.to set they get one mail of all sites; write no or site"]),
      Row("no warning for the last in quotes", "[store]\ndirectory = \"var/x # here\"", []),
    ])
  func warned(_ row: Row) {
    #expect(errors(row.text) == [])
    #expect(warnings(row.text) == row.problems.map { "dedup.conf:" + $0 })
  }
}
