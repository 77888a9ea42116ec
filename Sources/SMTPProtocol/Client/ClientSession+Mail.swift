import MailMessage

/// One mail on a greeted connection: MAIL, RCPT, DATA and the message (RFC 5321 section 3.3).
extension ClientSession {
  mutating func commandAnswered(_ reply: Reply, _ actions: inout [Action]) {
    guard let command = awaiting.first else { return abandon(.garbled("\(reply)"), &actions) }
    let trouble = Trouble(.reply(reply), at: step(command), after: history)
    if let trouble, trouble.endsConnection { return abandon(.reply(reply), &actions) }
    // A reply in the middle of the message: it counts if it is a refusal. Either way, nothing may follow on this
    // connection because the server would take our next commands for the rest of the message.
    if isSending { return abandon(trouble == nil ? .garbled("\(reply)") : .reply(reply), &actions) }
    awaiting.removeFirst()
    switch (command, trouble) {
    case (.reset, _), (.mail, nil): break
    case (.mail, let trouble?):
      // The replies to what was pipelined after MAIL still come, and mean nothing.
      plan = []
      refusal = trouble
      failOpen(trouble)
    case (.recipient(let index), nil):
      guard results[index] == nil else {
        isContradictory = true
        break
      }
      accepted.insert(index)
      if job?.isQuestion == true { results[index] = .delivered(reply, speaksDSN: false) }
    case (.recipient(let index), let trouble?): if results[index] == nil { results[index] = .failed(trouble) }
    // RFC 2920 section 3.1 would have us send an empty message. Some servers might take it for a mail; none can if the
    // connection ends.
    case (.data, nil) where !isOpen: return finishAndClose(&actions)
    case (.data, nil):
      awaiting.append(.message)
      isSending = true
      return isInStep(&actions) ? actions.append(.sendMessage) : ()
    case (.data, let trouble?):
      let isDoubtful = trouble.isPermanent && (isOpen || isContradictory && refusal?.isPermanent == true)
      failOpen(trouble)
      // If there was one reply too many earlier, this was the reply to the last RCPT, and what follows is not a reply
      // to RSET.
      if isDoubtful {
        plan = [.reset]
        return advance(&actions)
      }
    case (.message, let trouble?): failOpen(trouble)
    case (.message, nil):
      for index in accepted { results[index] = .delivered(reply, speaksDSN: capabilities.dsn) }
      return finish(needsReset: false, &actions)
    }
    goOn(after: command, &actions)
  }

  mutating func goOn(after command: Awaited, _ actions: inout [Action]) {
    if command == .data || command == .message { return finish(needsReset: true, &actions) }
    guard awaiting.isEmpty else { return }
    if plan == [.data] && !isOpen { plan = [] }
    if plan.isEmpty { finish(needsReset: true, &actions) } else { advance(&actions) }
  }

  /// True if the message has at least one accepted recipient without a result.
  private var isOpen: Bool { accepted.contains { results[$0] == nil } }

  private mutating func finishAndClose(_ actions: inout [Action]) {
    finish(needsReset: true, isReusable: false, &actions)
    close(&actions)
  }

  mutating func advance(_ actions: inout [Action]) {
    let count = capabilities.pipelining ? plan.count : min(1, plan.count)
    var bytes: [UInt8] = []
    for command in plan.prefix(count) { bytes += line(of: command).utf8 }
    awaiting += plan.prefix(count)
    plan.removeFirst(count)
    if isInStep(&actions) { actions.append(.send(bytes)) }
  }

  /// Returns true if nothing arrived before it was asked for. Otherwise the session ends: an unsolicited reply would be
  /// taken for the reply to the next command, and a mail could bounce because of what was said about another.
  private mutating func isInStep(_ actions: inout [Action]) -> Bool {
    if parser.isEmpty { return true }
    abandon(.outOfStep(parser.preview), &actions)
    return false
  }

  // MARK: - Commands

  func step(_ command: Awaited) -> Trouble.Step {
    switch command {
    case .reset: .reset
    case .mail: .mail
    case .recipient: accepted.isEmpty ? .recipient : .furtherRecipient
    case .data: .data
    case .message: .message
    }
  }

  /// Returns what the server's announcements rule out from the start, for each recipient: an address that is not ASCII
  /// is no reason to keep the mail from the others.
  func obstacles(to job: Job) -> [Trouble?] {
    let recipients = job.envelope.recipients
    if let trouble = obstacle(to: job) { return recipients.map { _ in trouble } }
    return recipients.map { recipient in
      let isPossible = capabilities.smtpUTF8 || recipient.isASCII
      return isPossible ? nil : Trouble(.lacksSMTPUTF8(for: .address), at: .recipient)
    }
  }

  private func obstacle(to job: Job) -> Trouble? {
    if let limit = capabilities.sizeLimit, job.size > limit { return Trouble(.overSize(limit: limit), at: .mail) }
    if !job.envelope.isSendable { return Trouble(.malformedEnvelope, at: .mail) }
    if !capabilities.smtpUTF8, !job.envelope.sender.isASCII { return Trouble(.lacksSMTPUTF8(for: .address), at: .mail) }
    if !capabilities.smtpUTF8, job.needsSMTPUTF8 { return Trouble(.lacksSMTPUTF8(for: .header), at: .mail) }
    return nil
  }

  func line(of command: Awaited) -> String {
    switch command {
    case .reset: "RSET\r\n"
    case .mail: mailLine
    case .recipient(let index): recipientLine(index)
    case .data: "DATA\r\n"
    case .message: ""
    }
  }

  private var mailLine: String {
    guard let job else { return "" }
    var line = "MAIL FROM:<\(job.envelope.sender.quoted)>"
    if capabilities.size { line += " SIZE=\(job.size)" }
    // Mail that goes as 8-bit text to a server without 8BITMIME could not be converted; nearly all of them pass it on.
    let isEightBit = job.isEightBit || job.envelope.body == .eightBitMIME
    if capabilities.eightBitMIME, isEightBit { line += " BODY=8BITMIME" }
    if usesSMTPUTF8(job) { line += " SMTPUTF8" }
    return line + statusParameters(job.envelope.statusRequest) + "\r\n"
  }

  /// Returns the DSN parameters of MAIL. RFC 3461 section 5.2.1: the parameters that the client gave are passed on, and
  /// none are added.
  private func statusParameters(_ request: DeliveryStatusRequest?) -> String {
    guard capabilities.dsn, let request else { return "" }
    return (request.returns.map { " RET=\($0.rawValue)" } ?? "")
      + (request.envelopeID.map { " ENVID=\($0.encoded)" } ?? "")
  }

  private func recipientLine(_ index: Int) -> String {
    guard let job else { return "" }
    let recipient = job.envelope.recipients[index]
    var line = "RCPT TO:<\(recipient.quoted)>"
    if capabilities.dsn {
      let wish = job.envelope.wish(for: recipient)
      if let notify = wish.notify { line += " NOTIFY=\(notify.parameter)" }
      // RFC 3461 section 5.2.1 would let us add an ORCPT of our own. The address is the same before and after us, so it
      // would add nothing.
      let original = usesSMTPUTF8(job) ? wish.original?.parameter : wish.original?.sevenBitParameter
      if let original { line += " ORCPT=\(original)" }
    }
    return line + "\r\n"
  }

  private func usesSMTPUTF8(_ job: Job) -> Bool {
    capabilities.smtpUTF8 && (job.envelope.usesSMTPUTF8 || !job.envelope.isASCII)
  }
}

extension Envelope {
  fileprivate var isASCII: Bool { sender.isASCII && recipients.allSatisfy(\.isASCII) }

  /// False if an address holds control characters: a line end in it would be a command to the next hop. Addresses from
  /// the network cannot have one; those from a configuration or a damaged store might.
  fileprivate var isSendable: Bool {
    ([sender] + recipients).allSatisfy { $0.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
  }
}
