/// The events of the log, one verb an event, so that log lines can be counted. The raw values are what a line begins
/// with; admins filter by them, so a new name is a change that the CHANGELOG tells.
package enum LogVerb: String, Sendable, CaseIterable {

  // The listener and its sessions.

  case listening
  case connected
  case disconnected
  /// A PROXY header was read.
  case proxied
  /// A connection was not admitted; or a mail that no place took, whose client heard 4xx or 5xx.
  case refused
  /// A command or message got a 4xx or 5xx reply.
  case rejected
  /// We closed a connection.
  case closed
  /// TLS is established.
  case secured
  /// A client logged in.
  case authenticated
  case loginFailed = "login-failed"
  /// Plain-text octets followed STARTTLS.
  case suspicious
  /// A file was read again.
  case reloaded
  /// A changed file cannot be used; the content read before is kept.
  case keptOld = "kept-old"
  /// An endpoint was closed to make way for a new one that could not be bound, and then could not be reopened.
  case notReopened = "not-reopened"
  /// Accept failed, mostly for lack of descriptors; clients wait in the kernel's queue.
  case acceptPaused = "accept-paused"
  /// Some event loops could not listen at an address.
  case notShared = "not-shared"
  /// The listener, or the whole relay, ended in order.
  case stopped
  /// A large message could not be stored.
  case notKept = "not-kept"

  // A mail on its way in.

  /// A mail was accepted and will be delivered.
  case queued
  /// A mail was accepted, counted, and will not be delivered.
  case suppressed
  /// A message that was being received could not be read back from the disk.
  case unreadable
  /// Octets that no mail may have were replaced in a signed mail.
  case signedMailMended = "signed-mail-mended"
  /// The database did not take a mail; it is a file in the spool.
  case spooled
  case notSpooled = "not-spooled"
  /// No disk took a mail; the next hop did, before its client got the reply.
  case cutThrough = "cut-through"
  /// A mail of the spool is in the database now.
  case imported
  case notImported = "not-imported"
  case spoolWaits = "spool-waits"
  /// A file of the spool cannot be read and was set aside.
  case spoolDamaged = "spool-damaged"
  /// Counts that the reserve took while the disk was full are in the database now.
  case countsImported = "counts-imported"
  case reserveWaits = "reserve-waits"
  case reserveUsedUp = "reserve-used-up"
  case noReserve = "no-reserve"
  /// Mail that was cut through is not in the totals yet.
  case handedOnUncounted = "handed-on-uncounted"
  case diskFull = "disk-full"
  case diskFullNotTold = "disk-full-not-told"

  // A mail on its way out.

  /// The next hop took a mail for a recipient.
  case sent
  /// A recipient waits for another attempt, or for a limit of the next hop.
  case deferred
  /// A recipient gets no further attempt.
  case failed
  /// A mail waits because of `rate` or `daily`.
  case paced
  /// A bounce of a bounce, or a mail that expired without anybody to tell.
  case dropped
  case notEncrypted = "not-encrypted"
  /// A multipart/signed mail went with octets above 127 to a server without 8BITMIME.
  case sentWith8Bits = "sent-with-8-bits"
  case attemptNotRecorded = "attempt-not-recorded"
  case tlsFailed = "tls-failed"
  case connectionsLimited = "connections-limited"
  case smarthostFailed = "smarthost-failed"
  case smarthostWorks = "smarthost-works"
  case nextHopRejects = "next-hop-rejects"
  case nextHopTakesAgain = "next-hop-takes-again"
  case handoversRecalled = "handovers-recalled"
  case handoversUnreadable = "handovers-unreadable"
  case departuresUnreadable = "departures-unreadable"
  case queueUnreadable = "queue-unreadable"
  case queueNotHurried = "queue-not-hurried"
  case queueGrows = "queue-grows"
  case queueShrinks = "queue-shrinks"
  case queueGrowthNotTold = "queue-growth-not-told"

  // The fleet.

  case fleetEngine = "fleet-engine"
  case fleetEngineAway = "fleet-engine-away"
  case fleetEngineMoved = "fleet-engine-moved"
  case fleetNoAnswer = "fleet-no-answer"
  case fleetClockSetBack = "fleet-clock-set-back"
  /// A mail left without the word of the others.
  case fleetAlone = "fleet-alone"
  /// A mail was taken after its claim had ended.
  case fleetLate = "fleet-late"
  case fleetNotPushed = "fleet-not-pushed"
  /// This relay heard what admins said on others.
  case fleetRecords = "fleet-records"
  case fleetRecordsFailed = "fleet-records-failed"
  case fleetOff = "fleet-off"

  // What an admin said.

  case deleted
  case queueChanged = "queue-changed"
  case copiesQueued = "copies-queued"
  case samplesRemoved = "samples-removed"
  case configuration
  case configurationReloaded = "configuration-reloaded"
  case configurationChanged = "configuration-changed"
  case needsRestart = "needs-restart"
  case reloadRefused = "reload-refused"

  // The relay's own mail.

  case summaryQueued = "summary-queued"
  case summarySkipped = "summary-skipped"
  case summaryFailed = "summary-failed"
  case noticeFailed = "notice-failed"
  case errorsTold = "errors-told"
  case replacementTold = "replacement-told"
  case replacementNotTold = "replacement-not-told"

  // The machine, the store and the settings.

  case descriptors
  case descriptorsShort = "descriptors-short"
  case socketUnused = "socket-unused"
  case controlPortClosed = "control-port-closed"
  case discarding
  case secretUnreadable = "secret-unreadable"
  case certificate
  case certificateUnusable = "certificate-unusable"
  /// The database could not be used; a new one took its place.
  case databaseReplaced = "database-replaced"
  case storeUnavailable = "store-unavailable"
  case storeNotClosed = "store-not-closed"
  case databaseNotTidied = "database-not-tidied"
  case retentionFailed = "retention-failed"
  /// A queued mail cannot be read and was set aside.
  case queuedMailDamaged = "queued-mail-damaged"
  case queueNotRescheduled = "queue-not-rescheduled"
  /// Files of large messages that no mail names any more were removed.
  case orphansRemoved = "orphans-removed"
  case orphansStay = "orphans-stay"
}
