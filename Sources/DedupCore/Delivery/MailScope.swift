package import MailMessage

/// The sender and the recipients' domains of a mail: those that a refusal may be about instead of the host.
package struct MailParties: Hashable, Sendable {
  package var sender: EmailAddress
  package var domains: Set<String>

  package init(sender: EmailAddress, domains: Set<String>) {
    self.sender = sender
    self.domains = domains
  }
}

/// The mail that a failure of a host is limited to: all from these senders, and all to no other than these domains.
package struct MailScope: Hashable, Sendable {
  package private(set) var senders: Set<EmailAddress> = []
  package private(set) var domains: Set<String> = []

  package static func from(_ senders: Set<EmailAddress>) -> MailScope { MailScope(senders: senders) }
  package static func to(_ domains: Set<String>) -> MailScope { MailScope(domains: domains) }

  package var isEmpty: Bool { senders.isEmpty && domains.isEmpty }

  var count: Int { senders.count + domains.count }

  package func covers(_ mail: MailParties) -> Bool {
    senders.contains(mail.sender) || !domains.isEmpty && mail.domains.isSubset(of: domains)
  }

  package func isSubset(of other: MailScope) -> Bool {
    senders.isSubset(of: other.senders) && domains.isSubset(of: other.domains)
  }

  package func union(_ other: MailScope) -> MailScope {
    MailScope(senders: senders.union(other.senders), domains: domains.union(other.domains))
  }

  package func intersection(_ other: MailScope) -> MailScope {
    MailScope(senders: senders.intersection(other.senders), domains: domains.intersection(other.domains))
  }
}
