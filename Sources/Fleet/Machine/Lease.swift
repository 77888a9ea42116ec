/// The time for which a relay may hold a claim, by its own clock, which never jumps and counts sleep.
///
/// A lease begins when the claim was *sent*: the engine's begins later, so it never ends before ours does.
package struct Lease: Hashable, Sendable {
  /// The time that a relay that died holds back the others.
  package static let length = Duration.seconds(15)
  /// The longest time for which a claim is renewed: a next hop that hangs does not hold back relays whose next hops work.
  package static let longest = Duration.seconds(60)
  /// The pause between two renewals.
  static let renewal = Duration.seconds(5)
  /// The least that has to be left of the lease when the mail is offered.
  static let margin = Duration.seconds(5)

  package let token: String
  /// The time of the claim by the engine's clock, in milliseconds since 1970.
  package let madeAt: Int64
  private let claimedAt: Duration
  private var renewedAt: Duration

  package init(token: String, madeAt: Int64, sentAt: Duration) {
    (self.token, self.madeAt, claimedAt, renewedAt) = (token, madeAt, sentAt, sentAt)
  }

  /// True if a mail may still be offered under the claim.
  package func allowsOffer(at now: Duration) -> Bool { now - renewedAt <= Self.length - Self.margin }

  /// True if the claim may be renewed once more.
  package func mayRenew(at now: Duration) -> Bool { now - claimedAt < Self.longest - Self.length }

  /// Notes a renewal that was sent at `time`.
  package mutating func renewed(sentAt time: Duration) { renewedAt = time }
}
