import MailMessage

/// The arrival of a message after DATA (RFC 5321 section 4.1.1.4) or in the chunks of BDAT (RFC 3030). It is given out
/// in pieces when it is large, and handed over when it is complete.
extension ServerSession {
  // MARK: - Chunks

  /// Begins a chunk. It is read even if it is refused: it follows its command without a pause, and left unread it would
  /// be taken for commands (RFC 3030 section 2).
  mutating func startChunk(_ size: Int, isLast: Bool, _ actions: inout [Action]) {
    let chunk = Chunk(left: size, size: size, isLast: isLast, refusal: refusal(ofChunk: size))
    if chunk.refusal == nil, decoder == nil {
      decoder = MessageDecoder(
        .chunks, limits: limits, declaredSize: draft?.declaredSize ?? size, mends: mendsMessages)
      period += 1
    }
    state = .chunk(chunk)
    if size == 0 { end(of: chunk, &actions) }
  }

  private func refusal(ofChunk size: Int) -> Reply? {
    if !isExtended { return .extendedHelloFirst }
    guard let draft else { return .mailFirst }
    if draft.envelope.recipients.isEmpty { return .noRecipients }
    return size > limits.messageSize ? .tooLarge(limits.messageSize) : nil
  }

  mutating func take(_ bytes: UnsafeRawBufferPointer, of chunk: Chunk, _ actions: inout [Action]) -> Int {
    var chunk = chunk
    let piece = UnsafeRawBufferPointer(rebasing: bytes.prefix(chunk.left))
    chunk.left -= piece.count
    state = .chunk(chunk)
    if chunk.refusal == nil {
      _ = decoder?.consume(piece)
      spill(&actions)
    }
    if chunk.left == 0 { end(of: chunk, &actions) }
    return piece.count
  }

  private mutating func end(of chunk: Chunk, _ actions: inout [Action]) {
    state = .command
    if let refusal = chunk.refusal {
      // RFC 3030 section 2: a message that lacks a chunk is not a message.
      abandon(&actions)
      return refuse(refusal, &actions)
    }
    if chunk.isLast {
      decoder?.endOfChunks()
      return endOfData(&actions)
    }
    // The period does not change: all chunks together have the time of one message.
    actions.append(.reply(.chunkOK(chunk.size)))
  }

  // MARK: - The message

  /// True if octets that have no place in a message are repaired rather than refused.
  var mendsMessages: Bool { policy.mends && maySend }

  /// The octets of memory that the client's unfinished message and commands take. `mutating` like `wantsInput`.
  package var memory: Int {
    mutating get { (decoder?.memory ?? 0) + commandMemory }
  }

  /// The octets of memory that unread commands take.
  private var commandMemory: Int {
    if case .awaiting(_, let held) = state { partial.count + held.count } else { partial.count }
  }

  /// Handles a lack of memory for the client's data: the message is read to its end and refused (452), and a client
  /// that uses the memory for anything else gets 421 to come back later.
  package mutating func runOutOfMemory() -> [Action] {
    var actions: [Action] = []
    decoder?.giveUp()
    if commandMemory > Self.smallHolding { end(.noMemory, .noMemory, &actions) }
    return actions
  }

  mutating func spill(_ actions: inout [Action]) {
    guard let octets = decoder?.spilled(isScarce: isMemoryScarce) else { return }
    actions.append(.spill(octets))
  }

  /// Abandons the open transaction, if there is one.
  mutating func abandon(_ actions: inout [Action]) {
    if decoder?.hasSpilled == true { actions.append(.forget) }
    draft = nil
    decoder = nil
  }

  /// Ends a message that has arrived completely: hands the transaction over, or refuses it with the reason.
  mutating func endOfData(_ actions: inout [Action]) {
    guard let draft, var decoder else { return }
    self.draft = nil
    self.decoder = nil
    concluded = draft.envelope
    state = .command
    let mended = mendsMessages ? decoder.mended : []
    let rest: [UInt8]
    do { rest = try decoder.finished() } catch {
      if decoder.hasSpilled { actions.append(.forget) }
      return refuse(error, &actions)
    }
    state = .awaiting(.commit)
    var client = client
    client.transmission = transmission(utf8: draft.envelope.usesSMTPUTF8)
    var transaction = Transaction(client: client, envelope: draft.envelope, message: Message(rest))
    transaction.mended = mended
    actions.append(.commit(transaction))
  }
}
