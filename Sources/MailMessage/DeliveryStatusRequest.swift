/// What the client wants to be told of its mail, as the parameters of MAIL and RCPT said it (RFC 3461 section 4).
///
/// It is kept with the mail, passed on to a next hop that speaks DSN and honoured by us towards any other. An error
/// mail that is held back is answered with no notification at all, whatever was asked: it was neither delivered nor
/// relayed nor did it fail, and one notification for each mail of a flood would be the flood again.
package struct DeliveryStatusRequest: Hashable, Sendable, Codable {
  /// `RET=`; nil: not said.
  package var returns: Returns?
  /// `ENVID=`; nil: not said.
  package var envelopeID: Xtext?
  /// Of the recipients of which something was said. A recipient that is named twice has one wish, the last one.
  package var wishes: [EmailAddress: Wish]

  /// How much of the mail comes back when it fails (RFC 3461 section 4.3).
  package enum Returns: String, Hashable, Sendable, Codable {
    case full = "FULL"
    case headers = "HDRS"
  }

  /// What RCPT said of its recipient.
  package struct Wish: Hashable, Sendable, Codable {
    /// `NOTIFY=`; nil: not said.
    package var notify: Notify?
    /// `ORCPT=`; nil: not said.
    package var original: OriginalRecipient?

    package init(notify: Notify? = nil, original: OriginalRecipient? = nil) {
      self.notify = notify
      self.original = original
    }

    /// Whether RCPT said nothing.
    package var isEmpty: Bool { notify == nil && original == nil }

    /// Whether the sender is to be told of `event`. Where nothing was said it hears of failures and delays (RFC 3461
    /// section 4.1).
    package func wants(_ event: Notify) -> Bool { (notify ?? [.failure, .delay]).contains(event) }
  }

  /// The events that are told (RFC 3461 section 4.1); none of them is `NEVER`.
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

  /// Whether nothing was said.
  package var isEmpty: Bool { returns == nil && envelopeID == nil && wishes.isEmpty }
}

extension DeliveryStatusRequest.Notify {
  private static let words: [(Self, String)] = [(.success, "SUCCESS"), (.failure, "FAILURE"), (.delay, "DELAY")]

  /// `NEVER`, or a list of the others in any order and any case of letters, none of them twice; else nil.
  package init?(_ parameter: some StringProtocol) {
    self = []
    let given = parameter.uppercased()
    if given == "NEVER" { return }
    for word in given.split(separator: ",", omittingEmptySubsequences: false) {
      guard let event = Self.words.first(where: { $0.1 == word })?.0, insert(event).inserted else { return nil }
    }
  }

  /// As it travels.
  package var parameter: String {
    isEmpty ? "NEVER" : Self.words.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}
