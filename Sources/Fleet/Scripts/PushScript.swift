extension FleetScript {
  /// The most errors that are listed; the ones seen longest ago leave the list first.
  package static let mostErrors = 100_000

  /// Pushes the cumulative totals of errors, and what is shown of them.
  ///
  /// Keys: the list of errors, the epoch, then the errors. Arguments after token and run: time to live in s, then five
  /// for each error: the source, its mails, those held back, those before the episode, and what is shown, or nothing.
  /// The larger total wins, so that a push may be repeated or come late.
  package static let push = FleetScript(
    "push",
    """
    for i = 3, #KEYS do
      local a = 4 + (i - 3) * 5
      keepLarger(KEYS[i], 't:' .. ARGV[a], ARGV[a + 1])
      keepLarger(KEYS[i], 's:' .. ARGV[a], ARGV[a + 2])
      keepLarger(KEYS[i], 'b:' .. ARGV[a], ARGV[a + 3])
      if ARGV[a + 4] ~= '' then redis.call('HSET', KEYS[i], 'i', ARGV[a + 4]) end
      redis.call('EXPIRE', KEYS[i], ARGV[3])
      redis.call('ZADD', KEYS[1], text(now), KEYS[i])
    end
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -\(mostErrors + 1))
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    return {'done', text(now), epoch}
    """)
}
