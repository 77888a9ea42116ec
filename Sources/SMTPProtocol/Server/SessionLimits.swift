/// What one session may ask of us. Each limit is a configuration key of the same name.
package struct SessionLimits: Hashable, Sendable {
  /// Octets of a command line with its CRLF (RFC 5321 section 4.5.3.1.4 asks for 512); beyond: 500 5.5.2 and close.
  package var commandLine = 4096
  /// The same for AUTH and what follows it (RFC 4954 section 4).
  package var authLine = 12288
  /// Octets of a message as transmitted; announced with SIZE (RFC 1870); beyond: 552 5.3.4.
  package var messageSize = 64 * 1024 * 1024
  /// Octets of the header block; beyond it the message is refused, never cut.
  package var headerBlock = 1024 * 1024
  /// `Received:` fields after which a message counts as looping (RFC 5321 section 6.3): 554 5.4.6.
  package var receivedHops = 50
  /// Recipients of one transaction (RFC 5321 section 4.5.3.1.8 asks for 100): 452 4.5.3.
  package var recipients = 1000
  /// Errors after which each reply is delayed, and after which the session ends with 421.
  package var errorsBeforeDelay = 10
  package var errorsBeforeClose = 20
  /// The delay of each reply to a client beyond `errorsBeforeDelay`; zero for none.
  package var errorDelay: Duration = .seconds(1)
  /// Wrong passwords before the session ends with 421, and the delay of the reply to each.
  package var authFailures = 3
  package var authDelay: Duration = .seconds(2)
  /// NOOP, RSET, VRFY and the like without a message between them, before the session ends with 421.
  package var junkCommands = 100
  /// How long the client may take for its next command (RFC 5321 section 4.5.3.2.7 asks for 5 minutes).
  package var idle: Duration = .seconds(300)
  /// The same when over 80 % of the allowed connections are in use.
  package var idleUnderPressure: Duration = .seconds(30)
  /// How long a client that may not send before it logs in may take for its next command, and for the TLS handshake.
  package var idleBeforeLogin: Duration = .seconds(10)
  /// How long such a client may take until it is logged in.
  package var login: Duration = .seconds(60)
  /// How long the TLS handshake may take.
  package var handshake: Duration = .seconds(30)
  /// How long a client may take for the whole of DATA.
  package var data: Duration = .seconds(600)
  /// Octets per second that DATA has to bring on average once `slowAfter` has passed.
  package var minimumRate = 500
  package var slowAfter: Duration = .seconds(60)

  package init() {}
}
