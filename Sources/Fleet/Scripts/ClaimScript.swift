extension FleetScript {
  /// Claims the window of an error.
  ///
  /// Keys: the error, the epoch. Arguments after token and run: lease in ms, length of the caller's window in ms, time
  /// to live in s, the source of the totals, and its mails, those held back, those before the episode, and the marks of
  /// the pass and the resolve that the mail answers, or nothing. Only a mail that answered the same stands for it.
  ///
  /// Answers `delivered` with age and token of the mail that is not older than the window; `claimed` with what is left
  /// of another's lease in ms; or `won` with the mails of the episode, those held back since the last delivered mail,
  /// the number of stores that count, and when the claim was made.
  package static let claim = FleetScript(
    "claim",
    """
    keepLarger(KEYS[1], 't:' .. ARGV[6], ARGV[7])
    keepLarger(KEYS[1], 's:' .. ARGV[6], ARGV[8])
    keepLarger(KEYS[1], 'b:' .. ARGV[6], ARGV[9])
    redis.call('EXPIRE', KEYS[1], ARGV[5])
    local known = redis.call('HMGET', KEYS[1], 'd.at', 'd.gen', 'd.by', 'by', 'gen', 'until', 'd.told', 'd.pass', 'd.resolve')
    local pass, resolve = ARGV[10] or '', ARGV[11] or ''
    local answers = (pass == '' or pass == known[8]) and (resolve == '' or resolve == known[9])
    if known[1] and known[2] == gen and answers then
      local age = now - tonumber(known[1])
      if age >= 0 and age < tonumber(ARGV[4]) then return {'delivered', text(now), epoch, text(age), known[3]} end
    end
    if known[4] and known[4] ~= ARGV[1] and known[5] == gen then
      local left = tonumber(known[6]) - now
      if left > 0 and left <= \(longestLease) then return {'claimed', text(now), epoch, text(left)} end
    end
    local mails, held, stores = 0, 0, 0
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local kind = string.sub(all[i], 1, 2)
      if kind == 't:' then
        mails = mails + tonumber(all[i + 1])
        stores = stores + 1
      elseif kind == 's:' then
        held = held + tonumber(all[i + 1])
      elseif kind == 'b:' then
        mails = mails - tonumber(all[i + 1])
      end
    end
    -- A claim that comes twice must not move its beginning: its mail may be delivered by now.
    local at = text(now)
    if known[4] == ARGV[1] and known[5] == gen then
      at = redis.call('HGET', KEYS[1], 'at')
    else
      \(giveUp)
      redis.call('HSET', KEYS[1], 'by', ARGV[1], 'gen', gen, 'at', at,
        'until', text(now + math.min(tonumber(ARGV[3]), \(longestLease))), 'held', text(held))
      if pass ~= '' then redis.call('HSET', KEYS[1], 'pass', pass) end
      if resolve ~= '' then redis.call('HSET', KEYS[1], 'resolve', resolve) end
    end
    local news = math.max(0, held - tonumber(known[7] or '0'))
    return {'won', text(now), epoch, text(math.max(0, mails)), text(news), text(stores), at}
    """)
}
