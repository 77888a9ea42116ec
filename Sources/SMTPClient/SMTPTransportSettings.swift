package import DedupCore

/// What the transport is told by the configuration.
package struct SMTPTransportSettings: Hashable, Sendable {
  /// What we call ourselves in EHLO.
  package var hostname: String
  /// Connections at the same time; more mails wait. A smarthost that refuses as many gets fewer (`HostLimits`).
  package var connections = 20
  /// Mails after which a connection is given up: some servers punish longer ones, and a new one may find a better host
  /// behind the name.
  package var mailsPerConnection = 100
  /// Recipients in one transaction; a server has to take 100 (RFC 5321 section 4.5.3.1.8), and many take no more.
  package var recipientsPerTransaction = 100
  /// How long a connection is kept for the next mail.
  package var idle: Duration = .seconds(5)
  package var timeouts = SMTPTimeouts()
  /// How long a host that failed is left alone.
  package var rests = RestRule()
  /// How long a server with which TLS failed gets mail in the clear, where that is allowed, before TLS is tried again.
  package var timeWithoutTLS: Duration = .seconds(600)

  package init(hostname: String) { self.hostname = hostname }
}

/// How long the next hop may take (RFC 5321 section 4.5.3.2).
package struct SMTPTimeouts: Hashable, Sendable {
  /// For the TCP connection, each address of the name on its own; of this the RFC says nothing.
  package var connect: Duration = .seconds(30)
  /// 4.5.3.2.1
  package var greeting: Duration = .seconds(300)
  /// Both where there is another host that may be asked instead.
  package var withAlternative: Duration = .seconds(10)
  /// The reply to EHLO and HELO; the RFC names none, so it is that of MAIL.
  package var hello: Duration = .seconds(300)
  /// The reply to STARTTLS, and then the handshake; of these RFC 3207 says nothing.
  package var handshake: Duration = .seconds(60)
  /// The same where mail may go in the clear instead.
  package var hastyHandshake: Duration = .seconds(5)
  /// Each reply of an AUTH exchange; servers ask slow directories, so it is that of MAIL.
  package var authentication: Duration = .seconds(300)
  /// 4.5.3.2.2, and RSET.
  package var mail: Duration = .seconds(300)
  /// 4.5.3.2.3
  package var recipient: Duration = .seconds(300)
  /// 4.5.3.2.4
  package var data: Duration = .seconds(120)
  /// 4.5.3.2.5: for each piece of the message to go out.
  package var block: Duration = .seconds(180)
  /// 4.5.3.2.6: for the reply to the final dot. Giving up too early makes duplicates (RFC 1047).
  package var message: Duration = .seconds(600)
  /// Nothing depends on the reply to QUIT.
  package var quit: Duration = .seconds(5)

  package init() {}

  /// For mail that may go in the clear instead.
  mutating func hurryHandshake() { handshake = min(handshake, hastyHandshake) }

  /// The same towards a host that is not the only one.
  var impatient: SMTPTimeouts {
    var timeouts = self
    timeouts.connect = min(connect, withAlternative)
    timeouts.greeting = min(greeting, withAlternative)
    return timeouts
  }
}
