/// One action on the state of the fleet, as a Lua script that the engine runs at a stroke.
///
/// All keys that a script touches are declared in `KEYS`. The second one is always that of the engine's epoch, a random
/// word that is set when there is none, so that a flush shows. The first two arguments are always the token of the
/// caller and the run of the engine process that it is connected to. Run and epoch together are the *generation*:
/// whatever was written in another one may have lost its last writes, or stems from another clock, and holds nothing
/// back. The only clock is that of the engine.
///
/// An error is a hash with these fields:
///
/// | field | meaning |
/// |---|---|
/// | `by`, `gen`, `at`, `until`, `held` | the claim: its token and generation, when it was made, when its lease ends, and the mails held back by then |
/// | `pass`, `resolve` | the requests of admins that its mail answers, as marks |
/// | `d.by`, `d.gen`, `d.at`, `d.told` | the same of the mail that was delivered last |
/// | `d.pass`, `d.resolve` | the last requests that a delivered mail answered |
/// | `t:ID`, `s:ID`, `b:ID` | totals of one store: mails, those held back, and those before the current episode; the larger wins |
/// | `i` | what is shown of the error, as JSON |
package struct FleetScript: Hashable, Sendable {
  /// The name in messages.
  package let name: String
  /// The Lua source, with what all scripts begin with.
  package let source: String

  init(_ name: String, _ body: String) {
    self.name = name
    source = Self.beginning + body
  }

  /// All scripts, in the order in which they are loaded.
  package static let all = [claim, renew, delivered, release, push, hello, turn, records, compareAndSet]

  /// The longest lease that is honoured, in milliseconds: one that seems longer was made before a clock was set back.
  static let longestLease = 60_000

  private static let beginning = """
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local function text(number) return string.format('%.0f', number) end
    local epoch = redis.call('GET', KEYS[2])
    if not epoch then
      epoch = ARGV[1]
      redis.call('SET', KEYS[2], epoch)
    end
    local gen = ARGV[2] .. ':' .. epoch
    local function keepLarger(key, field, value)
      local known = tonumber(redis.call('HGET', key, field) or '-1')
      if tonumber(value) > known then redis.call('HSET', key, field, value) end
    end

    """

  /// Forgets the current claim.
  static let giveUp = "redis.call('HDEL', KEYS[1], 'by', 'gen', 'at', 'until', 'held', 'pass', 'resolve')\n"

  /// The test whether the caller's claim is the current one.
  static let isMine = """
    local claim = redis.call('HMGET', KEYS[1], 'by', 'gen', 'at', 'held', 'pass', 'resolve')
    if claim[1] ~= ARGV[1] or claim[2] ~= gen then return {'stale', text(now), epoch} end

    """
}
