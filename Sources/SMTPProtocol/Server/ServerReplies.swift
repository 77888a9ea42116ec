import MailMessage

/// The replies that a `ServerSession` gives on its own, with the section that asks for each. Enhanced codes are those
/// of RFC 3463 and of the IANA registry that RFC 5248 started.
extension Reply {
  // RFC 5321 section 4.3.1 and RFC 2034 section 3: neither the banner nor the reply to EHLO carries a status.
  static func banner(_ hostname: String) -> Reply { Reply(220, nil, "\(hostname) ESMTP MailDedup") }
  static func hello(_ hostname: String) -> Reply { Reply(250, nil, hostname) }
  /// Returns the reply to EHLO.
  ///
  /// - Parameter keywords: the keywords of the extensions, with their parameters.
  static func extendedHello(_ hostname: String, _ keywords: [String]) -> Reply {
    Reply(250, nil, lines: [hostname] + keywords)
  }

  static let senderOK = Reply(250, .init(2, 1, 0), "Sender ok")
  static let recipientOK = Reply(250, .init(2, 1, 5), "Recipient ok")
  static let startData = Reply(354, nil, "End data with <CR><LF>.<CR><LF>")
  static func chunkOK(_ size: Int) -> Reply { Reply(250, .init(2, 0, 0), "\(size) octets received") }
  static let resetOK = Reply(250, .init(2, 0, 0), "Ok")
  static let noopOK = Reply(250, .init(2, 0, 0), "Ok")
  static let bye = Reply(221, .init(2, 0, 0), "Bye")
  /// The reply to VRFY, which neither confirms nor denies (RFC 5321 section 7.3).
  static let cannotVerify = Reply(252, .init(2, 5, 0), "Cannot verify; send some mail and it will be passed on")
  static let help = Reply(214, .init(2, 0, 0), "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP")

  /// The reply to STARTTLS (RFC 3207 section 4).
  static let startTLS = Reply(220, .init(2, 0, 0), "Ready to start TLS")
  static let alreadySecure = Reply(503, .init(5, 5, 1), "TLS is on already")

  // RFC 4954 section 6, with the enhanced codes it gives.
  static let authenticated = Reply(235, .init(2, 7, 0), "Authentication succeeded")
  static let badPassword = Reply(535, .init(5, 7, 8), "User name or password is wrong")
  static let cannotAuthenticate = Reply(454, .init(4, 7, 0), "Cannot check passwords now; try again shortly")
  static let authenticationRequired = Reply(530, .init(5, 7, 0), "Authentication required")
  /// The reply to a client that may not send (RFC 5321 section 3.6.2, enhanced code of RFC 3463 section 3.8).
  static let notPermitted = Reply(550, .init(5, 7, 1), "Your address may not send through this relay")
  static let encryptionRequired = Reply(538, .init(5, 7, 11), "Encryption required for passwords; send STARTTLS first")
  static let unknownMechanism = Reply(504, .init(5, 5, 4), "Unknown mechanism; there are PLAIN and LOGIN")
  static let authSyntax = Reply(501, .init(5, 5, 4), "Syntax: AUTH mechanism [initial-response]")
  static let badBase64 = Reply(501, .init(5, 5, 2), "The response is not base64")
  static let badCredentials = Reply(501, .init(5, 5, 2), "The response does not hold a user name and a password")
  static let authenticationCancelled = Reply(501, .init(5, 7, 0), "Authentication cancelled")
  static let alreadyAuthenticated = Reply(503, .init(5, 5, 1), "Authenticated already")
  static let authenticationInTransaction = Reply(503, .init(5, 5, 1), "A transaction is open; RSET ends it")
  static let extendedHelloFirst = Reply(503, .init(5, 5, 1), "Send EHLO first")
  static let tooManyFailures = Reply(421, .init(4, 7, 0), "Too many failed logins; closing")
  /// Returns the prompt of a challenge. For LOGIN it is `Username:` and `Password:`; for PLAIN it is empty.
  static func challenge(_ challenge: ServerSession.Challenge) -> Reply {
    switch challenge {
    case .plain: Reply(334, nil, "")
    case .loginUser: Reply(334, nil, "VXNlcm5hbWU6")
    case .loginPassword: Reply(334, nil, "UGFzc3dvcmQ6")
    }
  }

  // RFC 5321 section 4.2.4: 500 is for unknown commands, 502 for commands that are known but not implemented.
  static let unknownCommand = Reply(500, .init(5, 5, 1), "Command unrecognized")
  static let notImplemented = Reply(502, .init(5, 5, 1), "Command not implemented")
  static let badLine = Reply(500, .init(5, 5, 2), "Syntax error")
  // RFC 5321 section 2.3.8. A client that reads line ends differently may be made to send commands by others, so we
  // close.
  static let bareLineFeed = Reply(500, .init(5, 5, 2), "The line ends in a bare LF; SMTP lines end in CR LF; closing")
  static let bareCarriageReturnInLine = Reply(
    500, .init(5, 5, 2), "The line has a bare CR; SMTP lines end in CR LF; closing")
  static let lineTooLong = Reply(500, .init(5, 5, 2), "Line too long")
  static let noArguments = Reply(501, .init(5, 5, 4), "This command takes no argument")
  static let needsArgument = Reply(501, .init(5, 5, 4), "This command needs an argument")
  static let argumentTooLong = Reply(501, .init(5, 5, 4), "Argument too long")
  static let badHello = Reply(501, .init(5, 5, 4), "The name must be printable ASCII")
  static let mailSyntax = Reply(501, .init(5, 5, 4), "Syntax: MAIL FROM:<address> [parameters]")
  static let recipientSyntax = Reply(501, .init(5, 5, 4), "Syntax: RCPT TO:<address> [parameters]")
  static let helloFirst = Reply(503, .init(5, 5, 1), "Send EHLO or HELO first")
  static let nestedMail = Reply(503, .init(5, 5, 1), "A transaction is open already; RSET ends it")
  static let chunkSyntax = Reply(501, .init(5, 5, 4), "Syntax: BDAT size [LAST]; closing")
  /// The reply to another command while BDAT chunks are incomplete (RFC 3030 section 2).
  static let chunksFirst = Reply(503, .init(5, 5, 1), "The message is coming in chunks; finish it or send RSET")
  static let mailFirst = Reply(503, .init(5, 5, 1), "Send MAIL first")
  // RFC 5321 section 3.3 allows 503 or 554 here; 554 is what pipelining clients expect (RFC 2920 section 3.1).
  static let noRecipients = Reply(554, .init(5, 5, 1), "No valid recipients")
  /// The reply to an unknown parameter (RFC 5321 section 4.1.1.11).
  static let unknownParameter = Reply(555, .init(5, 5, 4), "Unsupported parameter")
  static func badParameter(_ name: String) -> Reply { Reply(501, .init(5, 5, 4), "Bad \(name) parameter") }
  static func doubledParameter(_ name: String) -> Reply {
    Reply(501, .init(5, 5, 4), "\(name.uppercased().prefix(20)) may only be said once")
  }
  /// The reply to a non-ASCII address without SMTPUTF8 (RFC 6531 section 3.5).
  static let needsSMTPUTF8 = Reply(553, .init(5, 6, 7), "The address is not ASCII and SMTPUTF8 was not asked for")
  static func badSender(_ fault: EmailAddress.SyntaxFault) -> Reply {
    fault == .needsUTF8 ? .needsSMTPUTF8 : Reply(501, .init(5, 1, 7), "Bad sender: \(fault.rawValue)")
  }
  static func badRecipient(_ fault: EmailAddress.SyntaxFault) -> Reply {
    fault == .needsUTF8 ? .needsSMTPUTF8 : Reply(501, .init(5, 1, 3), "Bad recipient: \(fault.rawValue)")
  }
  /// The reply to a recipient too many; the client sends the rest in another transaction (RFC 5321 section 4.5.3.1.10).
  static let tooManyRecipients = Reply(452, .init(4, 5, 3), "Too many recipients in one transaction")

  /// Returns the reply to a message above the size limit (RFC 1870 section 6).
  static func tooLarge(_ limit: Int) -> Reply { Reply(552, .init(5, 3, 4), "The limit is \(limit) octets a message") }
  static func headerTooLarge(_ limit: Int) -> Reply {
    Reply(552, .init(5, 3, 4), "The limit is \(limit) octets a header")
  }
  /// The reply if the message cannot be stored. The driver also uses it: only the driver knows the fate of spilled
  /// octets.
  package static let noRoom = Reply(452, .init(4, 3, 1), "No room for the message now; try again later")
  static let bareCarriageReturn = Reply(554, .init(5, 6, 0), "The message has a bare CR; lines end in CR LF")
  static let bareLineFeedInMessage = Reply(
    554, .init(5, 6, 0), "The message mixes CR LF and bare LF; lines end in CR LF")
  static let unstuffedDot = Reply(
    554, .init(5, 6, 0), "A line behind a bare LF begins with a single dot; lines end in CR LF, their dots are doubled")
  static let nulInMessage = Reply(554, .init(5, 6, 0), "The message has a NUL octet")
  /// The reply to a message with too many `Received:` fields (RFC 5321 section 6.3).
  static let loop = Reply(554, .init(5, 4, 6), "Too many Received fields: the message is looping")

  // Every 421 says what happened: the server may send it and close at any time (RFC 5321 section 3.8).
  static let tooManyErrors = Reply(421, .init(4, 7, 0), "Too many errors; closing")
  static let tooMuchJunk = Reply(421, .init(4, 7, 0), "Too many commands without a message; closing")
  static let noMemory = Reply(421, .init(4, 3, 1), "No memory for more commands now; try again later")
  static let notSMTP = Reply(421, .init(4, 7, 0), "This is SMTP; closing")
  static let tooMuchAhead = Reply(421, .init(4, 7, 0), "Too much sent ahead of our replies; closing")
  static let idle = Reply(421, .init(4, 4, 2), "No command for too long; closing")
  static let loginTooLate = Reply(421, .init(4, 4, 2), "No login for too long; closing")
  static let dataTooLate = Reply(421, .init(4, 4, 2), "The message took too long; closing")
  static let dataTooSlow = Reply(421, .init(4, 4, 2), "The message comes too slowly; closing")
  package static let shuttingDown = Reply(421, .init(4, 3, 2), "Shutting down; try again shortly")
  // RFC 5321 section 3.1 allows 554 in place of the banner.
  static let earlyTalker = Reply(554, .init(5, 5, 1), "Wait for the banner before you send")
  /// The reply in place of the banner to a connection too many. Only the driver knows the number of connections.
  package static let tooManyConnections = Reply(421, .init(4, 7, 0), "Too many connections; try again later")
}
