import DedupConfig
import SMTPProtocol
import Testing

extension ValueTests {
  static let names = [
    Good("IPv4 with a port", "listener.address", "127.0.0.1:25", shows: "127.0.0.1:25"),
    Good("IPv6 in brackets", "listener.address", "[::1]:2525", shows: "[::1]:2525"),
    Good("two listeners", "listener.address", "127.0.0.1:2525, [::1]:2525", shows: "127.0.0.1:2525, [::1]:2525"),
    Good("the highest port", "listener.address", "localhost:65535", shows: "localhost:65535"),
    Good("a smarthost by name", "delivery.smarthost", "mail.example.org:587", shows: "mail.example.org:587"),
    Good("a smarthost by a name of a container network", "delivery.smarthost", "mail_out:25", shows: "mail_out:25"),
    Good("a smarthost by address", "delivery.smarthost", "[2001:db8::25]:25", shows: "[2001:db8::25]:25"),
    Good("two smarthosts", "delivery.smarthost", "a.example:587,b.example:25", shows: "a.example:587, b.example:25"),
    Good("a user name", "delivery.username", "site@example.org", shows: "site@example.org"),
    Good(
      "a secret of systemd", "delivery.password-file", "$CREDENTIALS_DIRECTORY/x", shows: "$CREDENTIALS_DIRECTORY/x"),
    Good("no smarthost", "delivery.smarthost", "", shows: ""),
    Good("a host name", "listener.hostname", "relay-1.example.org", shows: "relay-1.example.org"),
    Good("a host name without dots", "listener.hostname", "relay", shows: "relay"),
    Good("the machine's name", "listener.hostname", "", shows: ""),
    Good("an address", "delivery.postmaster", "o'neil+web@example.org", shows: "o'neil+web@example.org"),
    Good("nobody", "summary.to", "", shows: ""),
    Good("two addresses", "summary.to", "a@example.org,b@example.org", shows: "a@example.org, b@example.org"),
    Good("an absolute path", "store.directory", "/var/lib/mail dedup", shows: "/var/lib/mail dedup"),
    Good("a path with umlauts", "delivery.maildir", "Fehler/für uns", shows: "Fehler/für uns"),
    Good("a path in quotes it needs", "delivery.maildir", "\" a \"", shows: "\" a \""),
    Good("a path in quotes it does not need", "delivery.maildir", "\"a\"", shows: "a"),
    Good("a path with quotes inside", "delivery.maildir", "a\"b\"c", shows: "a\"b\"c"),
    Good("a path that begins with a quote", "delivery.maildir", "\"\"a\"", shows: "\"\"a\""),
    Good("a path with what looks like a comment", "delivery.maildir", "\"a #b\"", shows: "\"a #b\""),
    Good("a path with an equals sign", "delivery.maildir", "a=b", shows: "a=b"),
    Good("a mode", "listener.socket-mode", "0666", shows: "0666"),
    Good("a mode without its zero", "listener.socket-mode", "600", shows: "0600"),
    Good("no permission at all", "listener.socket-mode", "000", shows: "0000"),
    Good("a proxy", "access.proxies", "192.0.2.1, 2001:db8::/120", shows: "192.0.2.1/32, 2001:db8::/120"),
    Good("no address", "listener.tls-address", "", shows: ""),
    Good("a socket path just short enough", "control.socket", path(107), shows: path(107)),
  ]

  static let badNames = [
    Bad(
      "a host without port", "listener.address", "127.0.0.1",
      says: "\"127.0.0.1\" has no port; write host:port, e.g. 127.0.0.1:2525"),
    Bad(
      "IPv6 without brackets and port", "listener.address", "::1",
      says: "\"::1\" has no port; write host:port, e.g. [::1]:2525"),
    Bad(
      "IPv6 with a port and without brackets", "listener.address", "::1:2525",
      says: "\"::1:2525\" is an IPv6 address without brackets; write it with brackets, e.g. [::1]:2525"),
    Bad(
      "a smarthost without port", "delivery.smarthost", "mail.example.org",
      says: "\"mail.example.org\" has no port; write host:port, e.g. mail.example.org:25"),
    Bad(
      "port 0", "listener.address", "127.0.0.1:0",
      says: "\"127.0.0.1:0\" has no valid port; write a port from 1 to 65535 behind the last colon"),
    Bad(
      "a port above all", "listener.address", "127.0.0.1:65536",
      says: "\"127.0.0.1:65536\" has no valid port; write a port from 1 to 65535 behind the last colon"),
    Bad(
      "a port with a sign", "listener.address", "127.0.0.1:+25",
      says: "\"127.0.0.1:+25\" has no valid port; write a port from 1 to 65535 behind the last colon"),
    Bad(
      "a service name", "listener.address", "127.0.0.1:smtp",
      says: "\"127.0.0.1:smtp\" has no valid port; write a port from 1 to 65535 behind the last colon"),
    Bad(
      "a port alone", "listener.address", "2525",
      says: "\"2525\" is not host:port; write host:port, e.g. 127.0.0.1:2525, [::1]:2525"),
    Bad(
      "a mistyped IPv4 address", "listener.address", "127.0.0.256:2525",
      says: "\"127.0.0.256:2525\" is not host:port; write host:port, e.g. 127.0.0.1:2525, [::1]:2525"),
    Bad(
      "a URL", "delivery.smarthost", "smtp://mail.example.org:25",
      says:
        "\"smtp://mail.example.org:25\" is not host:port; write host:port, e.g. mail.example.org:587, "
        + "backup.example.org:587"
    ),
    Bad(
      "a name with a blank", "listener.hostname", "my relay",
      says: "\"my relay\" is not a host name; write letters, digits and hyphens between dots, e.g. relay.example.org"),
    Bad(
      "a name that begins with a hyphen", "listener.hostname", "-relay",
      says: "\"-relay\" is not a host name; write letters, digits and hyphens between dots, e.g. relay.example.org"),
    Bad(
      "a name with an empty label", "listener.hostname", "relay..org",
      says: "\"relay..org\" is not a host name; write letters, digits and hyphens between dots, e.g. relay.example.org"),
    Bad(
      "a display name", "summary.to", "Ops <ops@example.org>",
      says: "\"Ops <ops@example.org>\" is not a mail address (the local part is malformed); "
        + "write only name@domain, without a display name"),
    Bad(
      "an address without domain", "delivery.postmaster", "postmaster",
      says: "\"postmaster\" is not a mail address (the address has no domain); "
        + "write only name@domain, without a display name"),
    Bad("an empty path", "store.directory", "", says: "is empty; write a path, e.g. /var/lib/maildedup"),
    Bad(
      "a variable in a path", "store.directory", "$HOME/store",
      says: "\"$HOME/store\" starts with a variable, which is not expanded here; write the whole path"),
    Bad(
      "a path of the shell", "store.directory", "~/store",
      says: "\"~/store\" starts with ~, which is not expanded here; write the whole path"),
    Bad(
      "a mode in words", "listener.socket-mode", "rw-rw----",
      says: "\"rw-rw----\" is not a mode; write three digits from 0 to 7, e.g. 0666"),
    Bad(
      "a mode that is not octal", "listener.socket-mode", "0680",
      says: "\"0680\" is not a mode; write three digits from 0 to 7, e.g. 0666"),
    Bad(
      "a mode with more than permissions", "listener.socket-mode", "1777",
      says: "\"1777\" is not a mode; write three digits from 0 to 7, e.g. 0666"),
    Bad("no mode", "listener.socket-mode", "", says: "is empty; write a mode in octal, as chmod has it, e.g. 0666"),
    Bad(
      "a proxy by name", "access.proxies", "haproxy.example.org",
      says: "\"haproxy.example.org\" is not a network; write address/length, e.g. 10.0.0.0/24"),
    Bad(
      "a socket path too long for the kernel", "control.socket", path(108),
      says: "\"\(path(57))...\" is too long; write a path of at most 107 bytes"),
  ]

  private static func path(_ length: Int) -> String { "/" + String(repeating: "s", count: length - 1) }
}

@Suite struct IPAddressTests {
  @Test(
    "the forms of RFC 4291 section 2.2",
    arguments: [
      ("::", [0, 0, 0, 0, 0, 0, 0, 0]), ("::1", [0, 0, 0, 0, 0, 0, 0, 1]),
      ("2001:DB8::7", [0x2001, 0xDB8, 0, 0, 0, 0, 0, 7]),
      ("1:2:3:4:5:6:7:8", [1, 2, 3, 4, 5, 6, 7, 8]), ("1:2:3:4:5:6:7::", [1, 2, 3, 4, 5, 6, 7, 0]),
      ("::ffff:127.0.0.1", [0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1]),
      ("1:2:3:4:5:6:1.2.3.4", [1, 2, 3, 4, 5, 6, 0x102, 0x304]),
    ] as [(String, [UInt16])])
  func v6(_ text: String, _ groups: [UInt16]) { #expect(IPAddress(text) == .v6(groups)) }

  @Test(
    "what is no address",
    arguments: [
      "", ":", ":::", "1", "1:2", "::1::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1%eth0",
      "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..3.4",
      "1.2.3.+4",
      " 1.2.3.4", "١.٢.٣.٤", ":1:2:3:4:5:6:7:8",
    ])
  func bad(_ text: String) { #expect(IPAddress(text) == nil) }

  @Test(
    "what only this machine reaches",
    arguments: [
      ("127.0.0.1", true), ("127.8.9.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("localhost", true),
      ("LocalHost", true), ("0.0.0.0", false), ("::", false), ("10.0.0.1", false), ("::ffff:10.0.0.1", false),
      ("relay.example.org", false), ("fe80::1", false),
    ])
  func loopback(_ host: String, _ isLoopback: Bool) {
    #expect(Endpoint(host: host, port: 25).isLoopback == isLoopback)
  }
}
