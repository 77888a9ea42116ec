/// Whether a next hop takes mail at the moment, and how much at a time.
package struct Admission: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    case open
    /// It took none lately, and only a mail can show whether it does again: one may go.
    case trial
    /// No mail may go. It changes after this time at the earliest; with `asks`, only when `Transport.lookAgain` finds
    /// the way open then.
    case closed(for: Duration, asks: Bool)
  }

  package var state: State
  /// Mails at once.
  package var mails: Int
  /// Where the way is not open: it is so only for mail that goes to none but these domains; nil: for all mail.
  package var domains: Set<String>?

  package init(_ state: State, mails: Int, domains: Set<String>? = nil) {
    self.state = state
    self.mails = mails
    self.domains = domains
  }

  /// Whether mail to these domains is meant where the way is not open.
  package func concerns(_ recipients: Set<String>) -> Bool { domains.map { recipients.isSubset(of: $0) } ?? true }

  package static let open = Admission(.open, mails: .max)
}

/// A smarthost and what is known of it, for people.
package struct HostReport: Hashable, Sendable {
  package var smarthost: Smarthost
  /// Nil: it works, as far as is known.
  package var failure: HostFailure?
  /// How long that has lasted, and how long until it is looked at again.
  package var failsFor: Duration?
  package var nextLook: Duration?
  package var limits: HostLimits
  /// Connections that are open.
  package var connections: Int

  package init(
    smarthost: Smarthost, failure: HostFailure?, failsFor: Duration?, nextLook: Duration?, limits: HostLimits,
    connections: Int
  ) {
    self.smarthost = smarthost
    self.failure = failure
    self.failsFor = failsFor
    self.nextLook = nextLook
    self.limits = limits
    self.connections = connections
  }
}
