/// The end of a mail and of a connection.
extension ClientSession {
  /// Fails every recipient without a result with `trouble`.
  mutating func failOpen(_ trouble: Trouble) {
    for index in results.indices where results[index] == nil { results[index] = .failed(trouble) }
  }

  /// Removes the permanent refusals, since it is no longer known which command was refused.
  private mutating func forgetRefusals() {
    refusal = nil
    for index in results.indices {
      if case .failed(let trouble)? = results[index], trouble.isReply, trouble.isPermanent { results[index] = nil }
    }
  }

  mutating func finish(
    needsReset: Bool, isReusable: Bool = true, end: Delivery.End? = nil, _ actions: inout [Action]
  ) {
    isSending = false
    self.needsReset = needsReset
    state = .idle
    let outcomes = results.map { $0 ?? .failed(.lost(at: .mail)) }
    job = nil
    results = []
    var delivery = Delivery(outcomes: outcomes, isReusable: isReusable, accepted: accepted.count, end: end)
    delivery.refusal = refusal
    actions.append(.finished(delivery))
  }

  /// Ends the connection. Recipients without a result fail temporarily; those with one keep it.
  mutating func abandon(_ fact: Trouble.Fact, _ actions: inout [Action]) {
    let step = awaited ?? .connect
    var trouble = Trouble(fact, at: step, after: history) ?? .lost(at: step, after: history)
    // Data that ends before its final dot is not a mail (RFC 5321 section 4.1.1.4).
    if isSending { trouble.isInDoubt = false }
    switch state {
    case .greeting, .hello, .startTLS, .handshake, .authenticating: actions.append(.unusable(trouble))
    case .busy:
      if trouble.isOutOfStep { forgetRefusals() }
      let undecided = results.indices.filter { results[$0] == nil }
      var culprit: Int?
      if case .recipient(let index)? = awaiting.first { culprit = index }
      failOpen(trouble)
      let end = Delivery.End(trouble: trouble, undecided: undecided, culprit: culprit)
      finish(needsReset: true, isReusable: false, end: end, &actions)
    case .idle, .quitting, .closed: break
    }
    close(&actions)
  }

  mutating func close(_ actions: inout [Action]) {
    state = .closed
    actions.append(.close)
  }
}
