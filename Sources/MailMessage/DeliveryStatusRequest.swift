/// The delivery status request of a client, from the parameters of MAIL and RCPT (RFC 3461 section 4).
///
/// It is kept with the mail, passed on to a next hop that supports DSN, and carried out by us otherwise. An error mail
/// that is held back gets no notification at all, whatever was requested: it was neither delivered nor relayed nor did
/// it fail, and one notification for each mail of a flood would be the flood again.
package struct DeliveryStatusRequest: Hashable, Sendable, Codable {
  /// The `RET=` parameter; nil if not given.
  package var returns: Returns?
  /// The `ENVID=` parameter; nil if not given.
  package var envelopeID: Xtext?
  /// The requests for recipients that have any. A recipient that is named twice has one request, the last one.
  package var wishes: [EmailAddress: Wish]

  /// The part of the mail that is returned when it fails (RFC 3461 section 4.3).
  package enum Returns: String, Hashable, Sendable, Codable {
    case full = "FULL"
    case headers = "HDRS"
  }

  /// The request that RCPT made for its recipient.
  package struct Wish: Hashable, Sendable, Codable {
    /// The `NOTIFY=` parameter; nil if not given.
    package var notify: Notify?
    /// The `ORCPT=` parameter; nil if not given.
    package var original: OriginalRecipient?

    package init(notify: Notify? = nil, original: OriginalRecipient? = nil) {
      self.notify = notify
      self.original = original
    }

    /// True if RCPT requested nothing.
    package var isEmpty: Bool { notify == nil && original == nil }

    /// Returns true if the sender is to be notified of `event`. Without a request, these are failures and delays (RFC
    /// 3461 section 4.1).
    package func wants(_ event: Notify) -> Bool { (notify ?? [.failure, .delay]).contains(event) }
  }

  /// The events to notify of (RFC 3461 section 4.1); the empty set is `NEVER`.
  package struct Notify: OptionSet, Hashable, Sendable, Codable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let success = Notify(rawValue: 1)
    package static let failure = Notify(rawValue: 2)
    package static let delay = Notify(rawValue: 4)
    package static let never: Notify = []
  }

  package init(returns: Returns? = nil, envelopeID: Xtext? = nil, wishes: [EmailAddress: Wish] = [:]) {
    self.returns = returns
    self.envelopeID = envelopeID
    self.wishes = wishes
  }

  /// True if nothing was requested.
  package var isEmpty: Bool { returns == nil && envelopeID == nil && wishes.isEmpty }
}

extension DeliveryStatusRequest.Notify {
  private static let words: [(Self, String)] = [(.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]

  /// Parses `NEVER`, or a list of the others in any order and any case of letters, none of them twice; nil for anything
  /// else.
  package init?(_ parameter: some StringProtocol) {
    self = []
    let given = parameter.uppercased()
    if given == "NEVER" { return }
    for word in given.split(separator: ",", omittingEmptySubsequences: false) {
      guard let event = Self.words.first(where: { $0.1 == word })?.0, insert(event).inserted else { return nil }
    }
  }

  /// The value of the parameter.
  package var parameter: String {
    isEmpty ? "NEVER" : Self.words.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}
