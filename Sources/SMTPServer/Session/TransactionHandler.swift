package import SMTPProtocol

/// The component behind the listener that makes transactions durable.
package protocol TransactionHandler: Sendable {
  /// Takes over one complete transaction.
  ///
  /// This is called on an event loop and must not block it. `reply` must be called exactly once, from any thread, and
  /// with 250 only when the mail is durable. Until then the client waits and nothing else in its session
  /// happens. The client may be gone by the time of the reply; the mail counts as accepted nevertheless (RFC 1047).
  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void)
}
