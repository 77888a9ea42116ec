package import SMTPProtocol

/// What stands behind the listener and makes transactions durable.
package protocol TransactionHandler: Sendable {
  /// Takes over one complete transaction.
  ///
  /// It is called on an event loop and must not block it. `reply` is to be called exactly once, from any thread; 250 only
  /// when the mail is durable (clause R1). The client waits until then, and nothing else of its session happens.
  /// The client may be gone by the time of the reply; the mail counts as accepted nevertheless (RFC 1047).
  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void)
}
