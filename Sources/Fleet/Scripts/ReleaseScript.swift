extension FleetScript {
  /// Gives up the caller's claim, so that another relay may deliver.
  ///
  /// Keys: the error, the epoch. Answers `done`, or `stale` if the claim is another's by now: then nothing changes.
  package static let release = FleetScript(
    "release",
    isMine + giveUp + """
      return {'done', text(now), epoch}
      """)
}
