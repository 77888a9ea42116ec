import MailMessage

// The octets of the client: cut into lines, messages and chunks, or held while the driver is busy.
extension ServerSession {
  mutating func process(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) {
    var rest = bytes
    while !rest.isEmpty {
      switch state {
      case .command, .challenged:
        rest = UnsafeRawBufferPointer(rebasing: rest[takeLine(rest, &actions)...])
        if case .handshaking = state { return actions.append(.startTLS(dropping: rest.count)) }
      case .data: rest = UnsafeRawBufferPointer(rebasing: rest[takeData(rest, &actions)...])
      case .chunk(let chunk): rest = UnsafeRawBufferPointer(rebasing: rest[take(rest, of: chunk, &actions)...])
      case .awaiting: return hold(rest, &actions)
      case .silent, .handshaking, .closed: return
      }
    }
  }

  /// Takes octets up to the end of a command line, or all of them if the line does not end here.
  private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
    if partial.isEmpty, bytes[0] == 0x16 {
      // The first octet of a TLS handshake. The client would not understand plain text, but the log names it.
      end(.notSMTP, .tlsOnPlainPort, &actions)
      return bytes.count
    }
    let lineEnd = bytes.firstIndex(of: 0x0A)
    let length = (lineEnd ?? bytes.count - 1) + 1
    let isShort = partial.count + length <= limits.commandLine
    guard isShort || partial.count + length <= lineLimit(bytes) else {
      // Closing is the only safe option: the rest of the line would be taken for commands.
      end(.lineTooLong, .lineTooLong, &actions)
      return bytes.count
    }
    guard lineEnd != nil else {
      partial.append(contentsOf: bytes[..<length])
      return length
    }
    var line = partial
    partial = []
    line.append(contentsOf: bytes[..<length])
    take(line: line, &actions)
    return length
  }

  /// Returns the limit for a line: AUTH and its responses may be longer than others (RFC 4954 section 4).
  private func lineLimit(_ bytes: UnsafeRawBufferPointer) -> Int {
    if case .challenged = state { return max(limits.commandLine, limits.authLine) }
    let start = (partial.prefix(5) + bytes.prefix(5)).prefix(5)
    let isAUTH = start.elementsEqual("auth ".utf8) { $0.asciiLowercased == $1 }
    return isAUTH ? max(limits.commandLine, limits.authLine) : limits.commandLine
  }

  private mutating func take(line: [UInt8], _ actions: inout [Action]) {
    guard line.dropLast().last == 0x0D else { return end(.bareLineFeed, .bareLineEnd, &actions) }
    let line = line.dropLast(2)
    if line.contains(0x0D) { return end(.bareCarriageReturnInLine, .bareLineEnd, &actions) }
    concluded = nil
    if case .challenged(let challenge) = state { return takeResponse(line, to: challenge, &actions) }
    do throws(Reply) {
      let command = try Command.parse(
        line, allowingUTF8: draft?.envelope.usesSMTPUTF8 ?? false, allowingBareAddresses: maySend)
      // A command known to us is not one of another protocol.
      if command == .unknown, ForeignProtocol.isSpoken(in: line) { return end(.notSMTP, .notSMTP, &actions) }
      perform(command, &actions)
    } catch {
      if ForeignProtocol.isSpoken(in: line) { return end(.notSMTP, .notSMTP, &actions) }
      refuse(error, &actions)
    }
  }

  private mutating func takeData(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
    guard let taken = decoder?.consume(bytes) else { return bytes.count }
    if decoder?.isComplete == true { endOfData(&actions) } else { spill(&actions) }
    return taken
  }

  mutating func hold(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) {
    guard case .awaiting(let task, var held) = state else { return }
    guard held.count + bytes.count <= Self.aheadLimit else { return end(.tooMuchAhead, .tooMuchAhead, &actions) }
    // With the state's own reference gone, appending copies nothing.
    state = .awaiting(task)
    held.append(contentsOf: bytes)
    state = .awaiting(task, held: held)
  }

  /// Goes on when the driver is done: with what was held, then with the end of the input if there is no more.
  mutating func proceed(with held: [UInt8], _ actions: inout [Action]) {
    held.withUnsafeBytes { process($0, &actions) }
    leaveIfAtEnd(&actions)
  }

  mutating func leaveIfAtEnd(_ actions: inout [Action]) {
    switch state {
    case .silent, .command, .data, .chunk, .handshaking, .challenged: if record.isAtEnd { leave(.gone, &actions) }
    case .awaiting, .closed: break
    }
  }
}
