import MailMessage

extension MessageDecoder {
  /// The octets of memory that the message takes.
  var memory: Int { message.count }

  /// The repairs to the message so far.
  var mended: Mended {
    var mended = mender.mended
    if faults.contains(.nul) { mended.insert(.nul) }
    if faults.contains(.bareCR) { mended.insert(.bareCR) }
    if faults.contains(.bareLF) { mended.insert(.mixedLineEnds) }
    return mended
  }

  /// Gives up for lack of memory: the rest is read and dropped, and the message is refused.
  mutating func giveUp() {
    faults.insert(.noRoom)
    mend()
  }

  /// Returns octets to be stored elsewhere, in order, or nil while there is no need. A header is never spilled before
  /// it is known to be good.
  ///
  /// - Parameter isScarce: true if little memory is left, so that less of it is used.
  mutating func spilled(isScarce: Bool = false) -> [UInt8]? {
    let most = isScarce ? Self.scarceSize : hasSpilled ? Self.pieceSize : Self.spillSize
    guard message.count >= most, !isRefused else { return nil }
    if header == .unfinished, message.count >= nextHeaderCheck {
      header = HeaderCheck.finding(in: message, limits: limits)
      nextHeaderCheck = message.count * 2
    }
    switch header {
    case .good:
      hasSpilled = true
      return takePiece()
    case .fault: message = []
    case .unfinished: break
    }
    return nil
  }

  /// Completes a message whose last chunk was taken.
  mutating func endOfChunks() {
    isComplete = true
    if position == .carriageReturn { faults.insert(.bareCR) }
    mend()
    mender.end(&message)
    // A message ends in a line end; DATA ensures that, BDAT does not.
    guard !isRefused, size > 0, lastOctet != 0x0A else { return }
    message += [0x0D, 0x0A]
  }

  /// Returns the unspilled rest of the complete message.
  ///
  /// - Throws: the reply that refuses it. The order of checks is fixed, so the reply does not depend on how the data
  ///   was cut.
  mutating func finished() throws(Reply) -> [UInt8] {
    if faults.contains(.tooLarge) { throw .tooLarge(limits.messageSize) }
    if faults.contains(.noRoom) { throw .noRoom }
    if !mends {
      if faults.contains(.nul) { throw .nulInMessage }
      if faults.contains(.bareCR) { throw .bareCarriageReturn }
      if faults.contains(.bareLF) { throw .bareLineFeedInMessage }
      if mender.hasSingleDot { throw .unstuffedDot }
    }
    if header == .unfinished { header = HeaderCheck.finding(in: message, limits: limits) }
    defer { message = [] }
    switch header {
    case .fault(.tooLarge): throw .headerTooLarge(limits.headerBlock)
    case .fault(.loop): throw .loop
    case .good, .unfinished: return message
    }
  }

  var hasBadHeader: Bool {
    if case .fault = header { true } else { false }
  }

  /// Takes all of `message` except a CR at its end, which may turn out to be bare.
  private mutating func takePiece() -> [UInt8] {
    var piece = message
    message = []
    message.reserveCapacity(Self.pieceSize + Self.readSize)
    if piece.last == 0x0D { message.append(piece.removeLast()) }
    ready = 0
    mender.forgetHeader()
    return piece
  }
}
