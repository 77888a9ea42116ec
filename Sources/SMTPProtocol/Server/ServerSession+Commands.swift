import MailMessage

/// The effect of each command (RFC 5321 section 4.1) and the order in which commands may come (section 4.1.4).
extension ServerSession {
  mutating func perform(_ command: Command, _ actions: inout [Action]) {
    if isDraining, record.hasHadMail, draft == nil, command != .quit, command != .reset {
      return end(.shuttingDown, .shutdown, &actions)
    }
    switch command {
    case .hello(let name, let extended): hello(name, extended: extended, &actions)
    case .mail(let mail): begin(mail, &actions)
    case .recipient(let recipient, let wish): add(recipient, wish, &actions)
    case .data: startData(&actions)
    case .chunk(let size, let isLast): startChunk(size, isLast: isLast, &actions)
    case .badChunk: end(.chunkSyntax, .badChunk, &actions)
    case .startTLS: startTLS(&actions)
    case .authenticate(let mechanism, let initial): authenticate(mechanism, initial, &actions)
    case .reset:
      abandon(&actions)
      answerJunk(.resetOK, &actions)
    case .quit: end(.bye, .quit, &actions)
    case .noop: answerJunk(.noopOK, &actions)
    case .verify: answerJunk(.cannotVerify, &actions)
    case .help: answerJunk(.help, &actions)
    case .notOffered: refuse(.notImplemented, &actions)
    case .unknown: refuse(.unknownCommand, &actions)
    }
  }

  /// Greets a client. A second EHLO is allowed and ends the open transaction like RSET (RFC 5321 section 4.1.4).
  private mutating func hello(_ name: String, extended: Bool, _ actions: inout [Action]) {
    abandon(&actions)
    client.helo = name
    isExtended = extended
    answerJunk(extended ? .extendedHello(hostname, extensions) : .hello(hostname), &actions)
  }

  /// The keywords in the reply to EHLO (RFC 5321 section 4.1.1.1). Each names an extension that works in the present
  /// state.
  private var extensions: [String] {
    var keywords = ["SIZE \(limits.messageSize)"]  // RFC 1870
    keywords.append("PIPELINING")  // RFC 2920
    keywords.append("8BITMIME")  // RFC 6152
    keywords.append("ENHANCEDSTATUSCODES")  // RFC 2034
    keywords.append("DSN")  // RFC 3461
    if announcesStartTLS { keywords.append("STARTTLS") }  // RFC 3207
    if mayAuthenticate { keywords.append("AUTH PLAIN LOGIN") }  // RFC 4954
    keywords.append("SMTPUTF8")  // RFC 6531
    keywords.append("CHUNKING")  // RFC 3030
    keywords.append("LIMITS RCPTMAX=\(limits.recipients)")  // RFC 9422
    return keywords
  }

  private mutating func begin(_ mail: Command.MailArguments, _ actions: inout [Action]) {
    if client.helo.isEmpty { return refuse(.helloFirst, &actions) }
    if !maySend { return refuse(sendingRefusal, &actions) }
    // The open transaction stays as it is (RFC 5321 section 4.1.4).
    if draft != nil { return refuse(.nestedMail, &actions) }
    if let size = mail.declaredSize, size > limits.messageSize {
      return refuse(.tooLarge(limits.messageSize), &actions)
    }
    // RFC 4954 section 5: an extension that was not offered has no parameters.
    if mail.namesSubmitter, !mayAuthenticate, client.user == nil { return refuse(.unknownParameter, &actions) }
    let envelope = Envelope(
      sender: mail.sender, recipients: [], body: mail.body, usesSMTPUTF8: mail.usesSMTPUTF8,
      statusRequest: mail.statusRequest)
    draft = Draft(envelope: envelope, declaredSize: mail.declaredSize)
    answer(.senderOK, &actions)
  }

  /// Adds a recipient; any valid address is accepted. Django ignores that some of several recipients were refused, so
  /// one refused here is silently lost, whereas one that bounces later is not.
  private mutating func add(
    _ recipient: EmailAddress, _ wish: DeliveryStatusRequest.Wish, _ actions: inout [Action]
  ) {
    guard let count = draft?.envelope.recipients.count else { return refuse(.mailFirst, &actions) }
    if decoder != nil { return refuse(.chunksFirst, &actions) }
    guard count < limits.recipients else { return refuse(.tooManyRecipients, &actions) }
    draft?.envelope.add(recipient, wish)
    answer(.recipientOK, &actions)
  }

  private mutating func startData(_ actions: inout [Action]) {
    guard let draft else { return refuse(.mailFirst, &actions) }
    if draft.envelope.recipients.isEmpty { return refuse(.noRecipients, &actions) }
    if decoder != nil { return refuse(.chunksFirst, &actions) }
    decoder = MessageDecoder(.dots, limits: limits, declaredSize: draft.declaredSize, mends: mendsMessages)
    state = .data
    answer(.startData, &actions)
  }

  /// Answers a command that brings no message nearer.
  private mutating func answerJunk(_ reply: Reply, _ actions: inout [Action]) {
    answer(reply, heeding: record.noteJunk(limits), &actions)
  }
}
