extension FleetScript {
  /// Begins another epoch, because a relay saw the engine's clock set back: what was delivered before holds nothing back
  /// any more, and all relays push their totals again.
  ///
  /// Keys: the hash of relays, the epoch. Argument after token and run: the epoch that the caller knows. If it is another
  /// one by now, nothing changes. Answers `done`.
  package static let turn = FleetScript(
    "turn",
    """
    if epoch == ARGV[3] then
      epoch = ARGV[1]
      redis.call('SET', KEYS[2], epoch)
    end
    return {'done', text(now), epoch}
    """)
}
