/// A limit of a next hop, learned from what it refuses: reduced at once to what it accepted, and slowly raised again.
///
/// After ten uses up to the limit it is raised by a tenth, at least by one. Each time that this was too much, the next
/// raise waits for twice as many uses, up to 1280.
package struct LearnedLimit: Hashable, Sendable {
  /// The value as long as nothing is refused.
  package let most: Int
  package private(set) var value: Int
  private var heldOut = 0
  private var patience = Self.shortestPatience
  private var isTrying = false

  private static let shortestPatience = 10
  private static let longestPatience = 1280

  package init(most: Int) {
    self.most = max(1, most)
    value = self.most
  }

  /// True if the next hop was seen to accept no more than `value`.
  package var isLearned: Bool { value < most }

  /// Records that the next hop accepted `count` and refused more.
  package mutating func exceeded(_ count: Int) {
    if isTrying { patience = min(patience * 2, Self.longestPatience) }
    value = max(1, min(count, most))
    (heldOut, isTrying) = (0, false)
  }

  /// Records that the limit was fully used and nothing was refused.
  package mutating func reached() {
    guard isLearned else { return }
    heldOut += 1
    guard heldOut >= patience else { return }
    value = min(most, value + max(1, value / 10))
    (heldOut, isTrying) = (0, true)
  }

  package mutating func forget() { self = LearnedLimit(most: most) }
}

/// The limits of a smarthost, as far as it has shown them.
package struct HostLimits: Hashable, Sendable {
  /// The number of simultaneous connections.
  package private(set) var connections: LearnedLimit
  package private(set) var mailsPerConnection: LearnedLimit
  package private(set) var recipientsPerTransaction: LearnedLimit
  /// The number of mails on the last connection that the host ended; nil: none is known.
  private var lastEnd: Int?

  package init(connections: Int, mailsPerConnection: Int, recipientsPerTransaction: Int) {
    self.connections = LearnedLimit(most: connections)
    self.mailsPerConnection = LearnedLimit(most: mailsPerConnection)
    self.recipientsPerTransaction = LearnedLimit(most: recipientsPerTransaction)
  }

  /// Records that a connection was refused while `open` others worked.
  package mutating func connectionRefused(whileOpen open: Int) { connections.exceeded(open) }

  /// Records that a mail was delivered while `open` connections were open.
  package mutating func worked(withOpen open: Int) { if open >= connections.value { connections.reached() } }

  /// Records that the host ended a connection that had carried `mails` mails. Once may be a restart; the same number
  /// twice in a row is a limit.
  package mutating func connectionEnded(afterMails mails: Int) {
    if mails > 0, mails == lastEnd { mailsPerConnection.exceeded(mails) }
    lastEnd = mails
  }

  /// Records that we ended a connection because it had carried all the mails that it may.
  package mutating func connectionUsedUp() { mailsPerConnection.reached() }

  package mutating func recipientsRefused(after accepted: Int) { recipientsPerTransaction.exceeded(accepted) }

  package mutating func recipientsTaken(_ accepted: Int) {
    if accepted >= recipientsPerTransaction.value { recipientsPerTransaction.reached() }
  }

  /// Records that the host was gone: what it said about connections while it went down is no limit.
  package mutating func hostFailed() {
    connections.forget()
    lastEnd = nil
  }
}
