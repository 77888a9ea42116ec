/// The readiness of a next hop to take mail at the moment, and how much at a time.
package struct Admission: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    case open
    /// The next hop took no mail lately, and only a mail can show whether it does again: `trials` may go.
    case trial
    /// No mail may go. The state changes after this time at the earliest; with `asks`, only if `Transport.lookAgain`
    /// then finds the next hop open.
    case closed(for: Duration, asks: Bool)
  }

  package var state: State
  /// The maximum number of mails at once.
  package var mails: Int
  /// The mail to which a state other than `open` is limited; nil: it holds for all mail.
  package var scope: MailScope?
  /// The maximum number of mails that try a next hop out at the same time.
  package var trials: Int

  package init(_ state: State, mails: Int, scope: MailScope? = nil, trials: Int = 1) {
    self.state = state
    self.mails = mails
    self.scope = scope
    self.trials = trials
  }

  /// Returns true if a state other than `open` applies to the mail.
  package func concerns(_ mail: MailParties) -> Bool { scope?.covers(mail) ?? true }

  package static let open = Admission(.open, mails: .max)
}

/// A smarthost and what is known of it, for display.
package struct HostReport: Hashable, Sendable {
  package var smarthost: Smarthost
  /// The current failure; nil: the host works, as far as is known.
  package var failure: HostFailure?
  /// The time for which the failure has lasted; `nextLook` is the time until the host is checked again.
  package var failsFor: Duration?
  package var nextLook: Duration?
  package var limits: HostLimits
  /// The number of open connections.
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
