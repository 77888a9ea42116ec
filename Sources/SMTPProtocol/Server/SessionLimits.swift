/// The limits on one session. Each limit is a configuration key of the same name.
package struct SessionLimits: Hashable, Sendable {
  /// The octets of a command line with its CRLF (RFC 5321 section 4.5.3.1.4 asks for 512); beyond: 500 5.5.2 and close.
  package var commandLine = 4096
  /// The octets of a line of AUTH or of its responses (RFC 4954 section 4).
  package var authLine = 12288
  /// The octets of a message as transmitted; announced with SIZE (RFC 1870); beyond: 552 5.3.4.
  package var messageSize = 64 * 1024 * 1024
  /// The octets of the header block; beyond it the message is refused, never cut.
  package var headerBlock = 1024 * 1024
  /// The number of `Received:` fields beyond which a message counts as looping (RFC 5321 section 6.3): 554 5.4.6.
  package var receivedHops = 50
  /// The number of recipients of one transaction (RFC 5321 section 4.5.3.1.8 asks for 100); beyond: 452 4.5.3.
  package var recipients = 1000
  /// The number of errors after which each reply is delayed; after `errorsBeforeClose` the session ends with 421.
  package var errorsBeforeDelay = 10
  package var errorsBeforeClose = 20
  /// The delay of each reply to a client at or beyond `errorsBeforeDelay`; zero for none.
  package var errorDelay: Duration = .seconds(1)
  /// The number of wrong passwords after which the session ends with 421; `authDelay` delays the reply to each.
  package var authFailures = 3
  package var authDelay: Duration = .seconds(2)
  /// The number of NOOP, RSET, VRFY and the like without a message between them; beyond it the session ends with 421.
  package var junkCommands = 100
  /// The time that the client may take for its next command (RFC 5321 section 4.5.3.2.7 asks for 5 minutes).
  package var idle: Duration = .seconds(300)
  /// The limit in place of `idle` when over 80 % of the allowed connections are in use.
  package var idleUnderPressure: Duration = .seconds(30)
  /// The time that a client that may not send before it logs in may take for its next command or the TLS handshake.
  package var idleBeforeLogin: Duration = .seconds(10)
  /// The time that such a client may take from its connection to its login.
  package var login: Duration = .seconds(60)
  /// The time that the TLS handshake may take.
  package var handshake: Duration = .seconds(30)
  /// The time that a client may take for the whole of DATA.
  package var data: Duration = .seconds(600)
  /// The octets per second that DATA must bring on average once `slowAfter` has passed; zero for no minimum.
  package var minimumRate = 500
  package var slowAfter: Duration = .seconds(60)

  package init() {}
}
