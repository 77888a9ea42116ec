/// Keeps a mailbox alive when very many different errors come at once: of each site only so many mails about errors go
/// out within an hour, and a digest tells of the rest.
package struct StormCap: Hashable, Sendable {
  /// How long a mail counts.
  package static let period = Duration.seconds(3600)
  /// How often a digest goes out while errors wait for one.
  package static let digestEvery = Duration.seconds(300)

  /// New errors of one kind (`Occurrence.kind`) in a site within the hour that go out; further ones wait for the digest. Names
  /// and texts tell them apart, and a visitor may choose those.
  package static let mostOfAKind = 10

  /// When the latest ones went out.
  package private(set) var sent: [Timestamp]

  package init(sent: [Timestamp] = []) { self.sent = sent }

  /// Whether one more would be one too many. What lies in the future, since the clock was set back, does not count:
  /// it would for as long as the clock takes to catch up.
  package func isReached(_ limit: Int, now: Timestamp) -> Bool {
    limit > 0 && sent.count { Self.counts($0, now: now) } >= limit
  }

  package mutating func send(at now: Timestamp) {
    sent.removeAll { !Self.counts($0, now: now) }
    sent.append(now)
  }

  /// How long until a digest is due of what waits `since` then; never positive when the clock was set back meanwhile.
  ///
  /// - Parameter period: how often digests go out.
  package static func wait(since: Timestamp, now: Timestamp, every period: Duration = digestEvery) -> Duration {
    let age = now.since(since)
    return age < .zero ? .zero : period - age
  }

  private static func counts(_ time: Timestamp, now: Timestamp) -> Bool {
    let age = now.since(time)
    return age < period && age > .zero - WindowPolicy.tolerance
  }
}
