extension FleetScript {
  /// Turns the caller's claim into the window of the fleet: a next hop took the mail.
  ///
  /// The window begins when the *claim* was made, by the engine's clock. The hand-over came after that, so the window
  /// never lasts longer than it should, however long the news were under way, and whatever clock the relay has.
  ///
  /// The time of the claim comes back as an argument: a claim that came twice could have been made anew since, and news
  /// that were long under way must not make its window theirs.
  ///
  /// Keys: the error, the epoch. Argument after token and run: when the claim was made, as its answer said. Answers `done`, or `stale` if the claim is another's by now: then nothing changes.
  package static let delivered = FleetScript(
    "delivered",
    isMine + """
      if claim[3] ~= ARGV[3] then return {'stale', text(now), epoch} end
      redis.call('HSET', KEYS[1], 'd.by', ARGV[1], 'd.gen', gen, 'd.at', claim[3], 'd.told', claim[4])
      if claim[5] then redis.call('HSET', KEYS[1], 'd.pass', claim[5]) end
      if claim[6] then redis.call('HSET', KEYS[1], 'd.resolve', claim[6]) end
      \(giveUp)
      return {'done', text(now), epoch}
      """)
}
