import MailMessage
import SMTPProtocol
import Testing

/// What stands before the first mail: STARTTLS and AUTH, as dialogues.
struct ClientOpeningTests {
  private typealias Action = ClientSession.Action

  private static let password = ClientCredentials(username: "user", proof: .password(Secret("pass")))
  private static let token = ClientCredentials(username: "user", proof: .token(Secret("abc")))

  private func hear(_ text: String, _ session: inout ClientSession) -> [Action] {
    session.receive(Array(text.utf8))
  }

  private func send(_ text: String) -> Action { .send(Array(text.utf8)) }

  /// A session that was offered STARTTLS and `extensions`, and what it does then.
  private func greeted(
    _ tls: TLSMode, _ extensions: [String], _ credentials: ClientCredentials? = nil, isLoopback: Bool = false
  ) -> (ClientSession, [Action]) {
    var session = ClientSession(hostname: "us", tls: tls, credentials: credentials, isLoopback: isLoopback)
    if tls == .implicit { #expect(session.secured() == []) }
    _ = hear("220 h\r\n", &session)
    let reply = (["h"] + extensions).enumerated().map { "250\($0 == extensions.count ? " " : "-")\($1)\r\n" }.joined()
    let actions = hear(reply, &session)
    return (session, actions)
  }

  @Test(
    "STARTTLS, the handshake, and EHLO again, since what was announced in the clear does not count",
    arguments: [TLSMode.require, .opportunistic])
  func startTLS(mode: TLSMode) {
    var (session, actions) = greeted(mode, ["STARTTLS", "SIZE 5"])
    #expect(actions == [send("STARTTLS\r\n")] && session.awaited == .startTLS)
    #expect(hear("220 go\r\n", &session) == [.startTLS])
    #expect(session.awaited == .handshake)
    #expect(session.secured() == [send("EHLO us\r\n")])
    #expect(session.capabilities == ServerCapabilities())
    #expect(hear("250-h\r\n250 STARTTLS\r\n", &session) == [.ready])
  }

  @Test("with implicit TLS nothing is said, and nothing believed, before the handshake")
  func implicit() {
    var session = ClientSession(hostname: "us", tls: .implicit)
    #expect(session.awaited == .handshake)
    var other = session
    guard case .unusable = hear("220 h\r\n", &other).first else { return #expect(Bool(false), "believed it") }
    #expect(session.secured() == [] && session.awaited == .greeting)
    #expect(hear("220 h\r\n", &session) == [send("EHLO us\r\n")])
    #expect(hear("250-h\r\n250 STARTTLS\r\n", &session) == [.ready])
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let mode: TLSMode
    let answer: String
    let goesOn: Bool
    var testDescription: String { "\(mode): \(answer)" }
  }

  static let refusals = [
    Refusal(mode: .opportunistic, answer: "454 not now\r\n", goesOn: true),
    Refusal(mode: .opportunistic, answer: "502 what\r\n", goesOn: true),
    Refusal(mode: .opportunistic, answer: "421 bye\r\n", goesOn: false),
    Refusal(mode: .opportunistic, answer: "220 go\r\n250 injected\r\n", goesOn: false),
    Refusal(mode: .require, answer: "454 not now\r\n", goesOn: false),
    Refusal(mode: .require, answer: "502 what\r\n", goesOn: false),
    Refusal(mode: .require, answer: "220 go\r\n250 injected\r\n", goesOn: false),
    Refusal(mode: .require, answer: "220 go\r\n2", goesOn: false),
  ]

  @Test(
    "what a refused STARTTLS means in each mode",
    arguments: refusals)
  func refused(_ example: Refusal) {
    var (session, _) = greeted(example.mode, ["STARTTLS"])
    let actions = hear(example.answer, &session)
    if example.goesOn { return #expect(actions == [.ready]) }
    guard case .unusable(let trouble)? = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(!trouble.isPermanent && actions.last == .close)
  }

  @Test("without STARTTLS on offer only optional TLS goes on")
  func notOffered() {
    #expect(greeted(.opportunistic, []).1 == [.ready])
    guard case .unusable? = greeted(.require, []).1.first else { return #expect(Bool(false), "went on") }
  }

  struct Login: Sendable, CustomTestStringConvertible {
    let credentials: ClientCredentials
    let offered: String
    /// What we say, then what we hear, and so on; `<ready>` and `<unusable>` at the end.
    let dialogue: [String]
    let shows: String
    var testDescription: String { shows }
  }

  static let logins = [
    Login(
      credentials: password, offered: "AUTH LOGIN PLAIN",
      dialogue: ["AUTH PLAIN AHVzZXIAcGFzcw==", "235 ok", "<ready>"],
      shows: "PLAIN"),
    Login(
      credentials: password, offered: "AUTH LOGIN",
      dialogue: ["AUTH LOGIN", "334 VXNlcm5hbWU6", "dXNlcg==", "334 UGFzc3dvcmQ6", "cGFzcw==", "235 ok", "<ready>"],
      shows: "LOGIN"),
    Login(
      credentials: password, offered: "AUTH=LOGIN",
      dialogue: ["AUTH LOGIN", "334 x", "dXNlcg==", "535 no", "<unusable>"],
      shows: "LOGIN as old servers offer it, refused midway"),
    Login(
      credentials: token, offered: "AUTH PLAIN XOAUTH2",
      dialogue: ["AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIGFiYwEB", "235 ok", "<ready>"], shows: "XOAUTH2"),
    Login(
      credentials: token, offered: "AUTH XOAUTH2",
      dialogue: [
        "AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIGFiYwEB", "334 eyJzdGF0dXMiOiI0MDEifQ==", "", "535 5.7.8 no",
        "<unusable>",
      ], shows: "XOAUTH2 with a token that expired"),
    Login(credentials: token, offered: "AUTH PLAIN LOGIN", dialogue: ["<unusable>"], shows: "nothing for a token"),
    Login(credentials: password, offered: "AUTH CRAM-MD5", dialogue: ["<unusable>"], shows: "nothing for a password"),
    Login(credentials: password, offered: "8BITMIME", dialogue: ["<unusable>"], shows: "no AUTH at all"),
    Login(
      credentials: password, offered: "AUTH PLAIN",
      dialogue: ["AUTH PLAIN AHVzZXIAcGFzcw==", "334 more", "<unusable>"],
      shows: "a challenge too many"),
  ]

  @Test(
    "a login says what its mechanism asks for, and no failure is permanent",
    arguments: logins)
  func login(_ example: Login) {
    var (session, actions) = greeted(.implicit, [example.offered], example.credentials)
    for pair in stride(from: 0, to: example.dialogue.count - 1, by: 2) {
      #expect(actions == [send(example.dialogue[pair] + "\r\n")] && session.awaited == .authentication)
      actions = hear(example.dialogue[pair + 1] + "\r\n", &session)
    }
    if example.dialogue.last == "<ready>" { return #expect(actions == [.ready]) }
    guard case .unusable(let trouble)? = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(!trouble.isPermanent && trouble.needsAdmin == (example.shows != "a challenge too many"))
  }

  @Test("a secret goes over TLS with a server that proved its name, or stays on this machine")
  func whereSecretsGo() {
    for (mode, isLoopback, goes) in [(TLSMode.none, false, false), (.none, true, true), (.opportunistic, false, false)]
    {
      let actions = greeted(mode, ["AUTH PLAIN"], Self.password, isLoopback: isLoopback).1
      #expect(actions.contains(send("AUTH PLAIN AHVzZXIAcGFzcw==\r\n")) == goes, "\(mode) \(isLoopback)")
    }
    var (session, _) = greeted(.opportunistic, ["STARTTLS", "AUTH PLAIN"], Self.password)
    _ = hear("220 go\r\n", &session)
    _ = session.secured()
    guard case .unusable? = hear("250-h\r\n250 AUTH PLAIN\r\n", &session).first else {
      return #expect(Bool(false), "told the password to a stranger")
    }
  }

  @Test("nothing that prints values shows a secret, at whatever depth it stands")
  func secretsAreNotShown() {
    let (session, _) = greeted(
      .implicit, ["AUTH LOGIN"], ClientCredentials(username: "user", proof: .password(Secret("hunter2"))))
    var dumped = ""
    dump(session, to: &dumped)
    for text in [dumped, "\(session)", String(reflecting: session)] {
      #expect(!text.contains("hunter2") && !text.contains("aHVudGVyMg"))
      #expect(text.contains("user"))
    }
  }
}
