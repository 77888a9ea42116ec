extension FleetScript {
  /// Turns the caller's claim into the window of the fleet: a next hop took the mail.
  ///
  /// The window begins when the *claim* was made, by the engine's clock. The hand-over came after that, so the window
  /// never lasts longer than it should, however long the news were under way, and whatever clock the relay has.
  ///
  /// Keys: the error, the epoch. Answers `done`, or `stale` if the claim is another's by now: then nothing changes.
  package static let delivered = FleetScript(
    "delivered",
    isMine + """
      redis.call('HSET', KEYS[1], 'd.by', ARGV[1], 'd.gen', gen, 'd.at', claim[3], 'd.told', claim[4])
      redis.call('HDEL', KEYS[1], 'by', 'gen', 'at', 'until', 'held')
      return {'done', text(now), epoch}
      """)
}
