/// How much of something a next hop takes, found out by what it refuses: at once down to what it took, slowly up again.
///
/// After ten uses up to the limit it is raised by a tenth, at least by one. Each time that this was too much, the next
/// try waits for twice as many uses, up to 1280.
package struct LearnedLimit: Hashable, Sendable {
  /// What is used as long as nothing is refused.
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

  /// Whether the next hop was seen to take no more than `value`.
  package var isLearned: Bool { value < most }

  /// The next hop took `count` and refused more.
  package mutating func exceeded(_ count: Int) {
    if isTrying { patience = min(patience * 2, Self.longestPatience) }
    value = max(1, min(count, most))
    (heldOut, isTrying) = (0, false)
  }

  /// All of it was used, and nothing was refused.
  package mutating func reached() {
    guard isLearned else { return }
    heldOut += 1
    guard heldOut >= patience else { return }
    value = min(most, value + max(1, value / 10))
    (heldOut, isTrying) = (0, true)
  }

  package mutating func forget() { self = LearnedLimit(most: most) }
}

/// What a smarthost takes at a time, as far as it let us know.
package struct HostLimits: Hashable, Sendable {
  /// Connections at once.
  package private(set) var connections: LearnedLimit
  package private(set) var mailsPerConnection: LearnedLimit
  package private(set) var recipientsPerTransaction: LearnedLimit
  /// Mails after which the last connection ended that we did not end ourselves.
  private var lastEnd: Int?

  package init(connections: Int, mailsPerConnection: Int, recipientsPerTransaction: Int) {
    self.connections = LearnedLimit(most: connections)
    self.mailsPerConnection = LearnedLimit(most: mailsPerConnection)
    self.recipientsPerTransaction = LearnedLimit(most: recipientsPerTransaction)
  }

  /// A connection was refused while `open` others worked.
  package mutating func connectionRefused(whileOpen open: Int) { connections.exceeded(open) }

  /// A mail was delivered while so many connections were open.
  package mutating func worked(withOpen open: Int) { if open >= connections.value { connections.reached() } }

  /// The host ended a connection that had carried so many mails. Once may be a restart; the same number twice in a row
  /// is a habit.
  package mutating func connectionEnded(afterMails mails: Int) {
    if mails > 0, mails == lastEnd { mailsPerConnection.exceeded(mails) }
    lastEnd = mails
  }

  /// We ended a connection since it had carried all the mails that it may.
  package mutating func connectionUsedUp() { mailsPerConnection.reached() }

  package mutating func recipientsRefused(after accepted: Int) { recipientsPerTransaction.exceeded(accepted) }

  package mutating func recipientsTaken(_ accepted: Int) {
    if accepted >= recipientsPerTransaction.value { recipientsPerTransaction.reached() }
  }

  /// The host was gone: what it said of connections while it went is no limit.
  package mutating func hostFailed() {
    connections.forget()
    lastEnd = nil
  }
}
