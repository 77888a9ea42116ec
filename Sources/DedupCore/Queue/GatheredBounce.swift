package import MailMessage

/// A mail about errors, or one of our own mails, whose delivery to one recipient failed for good. A digest reports it
/// instead of a bounce of its own.
package struct GatheredBounce: Hashable, Sendable {
  package var sender: EmailAddress
  package var recipient: EmailAddress
  /// The enhanced status code.
  package var status: String
  /// The reply of the next hop.
  package var reason: String
  package var nextHop: String
  /// The Subject of the mail, decoded.
  package var subject: String
  package var at: Timestamp
  /// The postmaster who is told in addition to the sender, or nil if there is none.
  package var postmaster: EmailAddress?

  package init(
    sender: EmailAddress, recipient: EmailAddress, status: String, reason: String, nextHop: String, subject: String,
    at: Timestamp, postmaster: EmailAddress? = nil
  ) {
    self.sender = sender
    self.recipient = recipient
    self.status = status
    self.reason = reason
    self.nextHop = nextHop
    self.subject = subject
    self.at = at
    self.postmaster = postmaster
  }

  /// The largest number of characters of a reason or a Subject that are kept.
  package static let longestText = 500
}
