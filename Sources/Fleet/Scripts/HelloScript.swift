extension FleetScript {
  /// Says that a relay is there, and learns time and epoch of the engine.
  ///
  /// Keys: the hash of relays, the epoch. Arguments after token and run: the store of the relay, and what is shown of
  /// it. Relays that were not seen for 30 days are forgotten. Answers `done`.
  package static let hello = FleetScript(
    "hello",
    """
    redis.call('HSET', KEYS[1], ARGV[3], text(now) .. ' ' .. ARGV[4])
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local seen = tonumber(string.match(all[i + 1], '^%d+') or '0')
      if now - seen > 2592000000 then redis.call('HDEL', KEYS[1], all[i]) end
    end
    return {'done', text(now), epoch}
    """)
}
