package import DedupCore

/// The settings of the transport, from the configuration.
package struct SMTPTransportSettings: Hashable, Sendable {
  /// The name that we use for ourselves in EHLO.
  package var hostname: String
  /// The maximum number of simultaneous connections; further mails wait. A smarthost that refuses that many gets fewer
  /// (`HostLimits`).
  package var connections = 20
  /// The number of mails after which a connection is closed. Some servers punish longer ones, and a new connection may
  /// find a better host behind the name.
  package var mailsPerConnection = 100
  /// The maximum number of recipients in one transaction. A server has to take 100 (RFC 5321 section 4.5.3.1.8), and
  /// many take no more.
  package var recipientsPerTransaction = 100
  /// The time that an idle connection is kept for the next mail.
  package var idle: Duration = .seconds(5)
  package var timeouts = SMTPTimeouts()
  /// The times that a failed host is left alone.
  package var rests = RestRule()
  /// The time that a server with which TLS failed gets mail in the clear, where that is allowed, before TLS is tried
  /// again.
  var timeWithoutTLS: Duration = .seconds(600)

  package init(hostname: String) { self.hostname = hostname }
}

/// The time limits for the next hop (RFC 5321 section 4.5.3.2).
package struct SMTPTimeouts: Hashable, Sendable {
  /// The limit for the TCP connection, for each address of the name; the RFC does not specify one.
  package var connect: Duration = .seconds(30)
  /// The limit for the banner (4.5.3.2.1).
  package var greeting: Duration = .seconds(300)
  /// The limit for `connect`, and again for the banner and the reply to EHLO together, if another host may be asked
  /// instead.
  package var withAlternative: Duration = .seconds(10)
  /// The limit for the reply to EHLO and HELO. The RFC does not specify one, so it is that of MAIL.
  package var hello: Duration = .seconds(300)
  /// The limit for the banner and the reply to EHLO together, however many lines arrive meanwhile, and again for EHLO
  /// after STARTTLS; nil: only that of each reply.
  var opening: Duration?
  /// The limit for the reply to STARTTLS, and again for the handshake; RFC 3207 does not specify one.
  package var handshake: Duration = .seconds(60)
  /// The limit of `handshake` if mail may go in the clear instead.
  var hastyHandshake: Duration = .seconds(5)
  /// The limit for each reply of an AUTH exchange. Servers ask slow directories, so it is that of MAIL.
  package var authentication: Duration = .seconds(300)
  /// The limit for the reply to MAIL (4.5.3.2.2), and to RSET.
  package var mail: Duration = .seconds(300)
  /// The limit for the reply to RCPT (4.5.3.2.3).
  package var recipient: Duration = .seconds(300)
  /// The limit for the reply to DATA (4.5.3.2.4).
  package var data: Duration = .seconds(120)
  /// The limit for sending each piece of the message (4.5.3.2.5).
  package var block: Duration = .seconds(180)
  /// The limit for the reply to the final dot (4.5.3.2.6). Giving up too early makes duplicates (RFC 1047).
  package var message: Duration = .seconds(600)
  /// The limit for the reply to QUIT, on which nothing depends.
  package var quit: Duration = .seconds(5)

  package init() {}

  /// Shortens the handshake limit for mail that may go in the clear instead.
  mutating func hurryHandshake() { handshake = min(handshake, hastyHandshake) }

  /// Shortened limits for a host that is not the only one.
  var impatient: SMTPTimeouts {
    var timeouts = self
    timeouts.connect = min(connect, withAlternative)
    timeouts.opening = withAlternative
    return timeouts
  }
}
