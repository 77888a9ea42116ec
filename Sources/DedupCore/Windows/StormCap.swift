/// A limit that keeps a mailbox usable when very many different errors arrive at once: only a set number of mails about
/// errors of each site is sent within an hour, and a digest reports the rest.
package struct StormCap: Hashable, Sendable {
  /// The time for which a sent mail counts towards the limit.
  package static let period = Duration.seconds(3600)
  /// The interval between digests while errors wait for one.
  package static let digestEvery = Duration.seconds(300)

  /// The largest number of new errors of one kind (`Occurrence.kind`) in a site that are forwarded within an hour.
  /// Further ones wait for the digest. They differ in names and texts, which a visitor may choose.
  package static let mostOfAKind = 10

  /// The times when the latest mails were sent.
  package private(set) var sent: [Timestamp]

  package init(sent: [Timestamp] = []) { self.sent = sent }

  /// Returns true if one more mail would exceed the limit. Times in the future, left behind by a clock that was set
  /// back, do not count: they would count for as long as the clock takes to catch up.
  package func isReached(_ limit: Int, now: Timestamp) -> Bool {
    limit > 0 && sent.count { Self.counts($0, now: now) } >= limit
  }

  package mutating func send(at now: Timestamp) {
    sent.removeAll { !Self.counts($0, now: now) }
    sent.append(now)
  }

  /// Returns the time until a digest is due for errors that have waited since `since`. Never positive if the clock was
  /// set back meanwhile.
  ///
  /// - Parameter period: the interval between digests.
  package static func wait(since: Timestamp, now: Timestamp, every period: Duration = digestEvery) -> Duration {
    let age = now.since(since)
    return age < .zero ? .zero : period - age
  }

  private static func counts(_ time: Timestamp, now: Timestamp) -> Bool {
    let age = now.since(time)
    return age < period && age > .zero - WindowPolicy.tolerance
  }
}
