extension FleetScript {
  /// Renews the lease of the caller's claim.
  ///
  /// Keys: the error, the epoch. Argument after token and run: lease in ms. Answers `done`, or `stale` if the claim is
  /// another's by now.
  package static let renew = FleetScript(
    "renew",
    isMine + """
      redis.call('HSET', KEYS[1], 'until', text(now + math.min(tonumber(ARGV[3]), \(longestLease))))
      return {'done', text(now), epoch}
      """)
}
