extension FleetScript {
  /// The most records in one answer.
  package static let mostRecords = 50

  /// Exchanges records of admins: takes those that are newer than what is known, and answers with what changed.
  ///
  /// Keys: the hash of records, the epoch, and the list of their names in the order of their changes. Arguments after
  /// token and run: time to live in s, the change up to which the caller knows all, and four for each record: its name,
  /// number and writer of its version, and its body. Answers `done`, then name, change, number, writer and body of each.
  package static let records = FleetScript(
    "records",
    record + """
      for a = 5, #ARGV, 4 do
        local number, writer = version(ARGV[a])
        local mine = tonumber(ARGV[a + 1])
        if not number or mine > number or (mine == number and ARGV[a + 2] > writer) then
          keep(ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3])
        end
      end
      redis.call('EXPIRE', KEYS[1], ARGV[3])
      redis.call('EXPIRE', KEYS[3], ARGV[3])
      local answer = {'done', text(now), epoch}
      local names = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[4], '+inf', 'WITHSCORES', 'LIMIT', 0, \(mostRecords))
      for i = 1, #names, 2 do
        local kept = redis.call('HGET', KEYS[1], names[i])
        if kept then
          local number, writer, body = string.match(kept, '^(%d+) (%w*) (.*)$')
          answer[#answer + 1] = names[i]
          answer[#answer + 1] = text(tonumber(names[i + 1]))
          answer[#answer + 1] = number
          answer[#answer + 1] = writer
          answer[#answer + 1] = body
        end
      end
      return answer
      """)

  /// Sets records if each is what the caller knows of it, or none of them.
  ///
  /// Keys: as of `records`. Arguments after token and run: six for each record: its name, number and writer of the
  /// version that it follows, or twice nothing, then number and writer of its version, and its body. Answers `done`, or
  /// `stale`: then nothing changes.
  package static let compareAndSet = FleetScript(
    "compare-and-set",
    record + """
      for a = 3, #ARGV, 6 do
        local number, writer = version(ARGV[a])
        local known = number and text(number) or ''
        if known ~= ARGV[a + 1] or (writer or '') ~= ARGV[a + 2] then return {'stale', text(now), epoch} end
      end
      for a = 3, #ARGV, 6 do keep(ARGV[a], ARGV[a + 3], ARGV[a + 4], ARGV[a + 5]) end
      return {'done', text(now), epoch}
      """)

  /// The ways in which a record is read and kept: its version and its body in one field, and the number of the change in the list.
  private static let record = """
    local function version(name)
      local kept = redis.call('HGET', KEYS[1], name)
      if not kept then return end
      local number, writer = string.match(kept, '^(%d+) (%w*) ')
      return tonumber(number), writer
    end
    local function keep(name, number, writer, body)
      local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
      local change = tonumber(last[2] or '0') + 1
      redis.call('HSET', KEYS[1], name, number .. ' ' .. writer .. ' ' .. body)
      redis.call('ZADD', KEYS[3], text(change), name)
    end

    """
}
