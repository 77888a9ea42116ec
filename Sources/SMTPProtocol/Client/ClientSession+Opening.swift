/// The steps before the first mail: banner, EHLO, STARTTLS (RFC 3207), AUTH (RFC 4954).
extension ClientSession {
  /// Tells the session that the handshake succeeded and the certificate is as good as was required.
  package mutating func secured() -> [Action] {
    guard state == .handshake else { return [] }
    isSecure = true
    if tls == .implicit {
      state = .greeting
      return []
    }
    // RFC 3207 section 4.2: announcements made before the handshake do not count any more.
    var actions: [Action] = []
    sayHello(&actions)
    return actions
  }

  mutating func greeted(_ reply: Reply, _ actions: inout [Action]) {
    if Trouble(.reply(reply), at: .greeting) != nil { return abandon(.reply(reply), &actions) }
    sayHello(&actions)
  }

  private mutating func sayHello(_ actions: inout [Action]) {
    capabilities = ServerCapabilities()
    state = .hello(extended: true)
    actions.append(.send(Array("EHLO \(hostname)\r\n".utf8)))
  }

  mutating func helloAnswered(_ reply: Reply, extended: Bool, _ actions: inout [Action]) {
    // RFC 5321 section 3.2: a server that does not know EHLO is greeted with HELO.
    if extended, reply.isPermanent {
      state = .hello(extended: false)
      return actions.append(.send(Array("HELO \(hostname)\r\n".utf8)))
    }
    if Trouble(.reply(reply), at: .hello) != nil { return abandon(.reply(reply), &actions) }
    capabilities = extended ? ServerCapabilities(reply.lines) : ServerCapabilities()
    secure(&actions)
  }

  private mutating func secure(_ actions: inout [Action]) {
    switch tls {
    case .none, .implicit: authenticate(&actions)
    case .opportunistic, .require:
      if isSecure { return authenticate(&actions) }
      if capabilities.startTLS {
        state = .startTLS
        return actions.append(.send(Array("STARTTLS\r\n".utf8)))
      }
      // An attacker between us and the server can remove STARTTLS from its reply; that must not give him the mail.
      if tls == .require { return abandon(.lacksSTARTTLS, &actions) }
      authenticate(&actions)
    }
  }

  mutating func startTLSAnswered(_ reply: Reply, _ actions: inout [Action]) {
    if Trouble(.reply(reply), at: .startTLS) != nil {
      // RFC 3207 section 4: after 454 and 5xx, the server still listens. After a 250, it is unknown what it waits for.
      let mayGoOn = tls == .opportunistic && reply.code != 421 && (reply.isTemporary || reply.isPermanent)
      guard mayGoOn else { return abandon(.reply(reply), &actions) }
      refusalOfTLS = reply
      return authenticate(&actions)
    }
    // Anything after the 220 came in the clear, from anybody; read after the handshake, it would pass for the server's
    // word (CVE-2011-0411 and its kin).
    guard parser.isEmpty else { return abandon(.injected, &actions) }
    state = .handshake
    actions.append(.startTLS)
  }

  // MARK: - AUTH

  private mutating func authenticate(_ actions: inout [Action]) {
    guard let credentials else { return becomeReady(&actions) }
    // RFC 4954 section 4. Opportunistic TLS does not tell who is at the other end, so it does not count.
    guard isLoopback || (isSecure && tls.knowsThePeer) else { return abandon(.insecureAUTH, &actions) }
    guard let exchange = SASLExchange(credentials, offered: capabilities.mechanisms) else {
      return abandon(.lacksAUTH(offered: capabilities.mechanisms), &actions)
    }
    state = .authenticating(exchange)
    actions.append(.send(Array((exchange.command.revealed + "\r\n").utf8)))
  }

  mutating func authenticationAnswered(_ reply: Reply, _ exchange: SASLExchange, _ actions: inout [Action]) {
    guard reply.code == 334 else {
      if Trouble(.reply(reply), at: .authentication) != nil { return abandon(.reply(reply), &actions) }
      return becomeReady(&actions)
    }
    var exchange = exchange
    guard let answer = exchange.next() else { return abandon(.garbled("\(reply)"), &actions) }
    state = .authenticating(exchange)
    actions.append(.send(Array((answer.revealed + "\r\n").utf8)))
  }

  private mutating func becomeReady(_ actions: inout [Action]) {
    state = .idle
    actions.append(.ready)
  }
}
