import DedupCore

/// Sizes that bound what the store keeps in memory, on disk and in one transaction.
package struct StoreLimits: Hashable, Sendable {
  /// Most mails that share one commit.
  package var batchMails = 512
  /// How long what need not be durable at once waits for others to share their commit, and how many of it make one.
  package var patience: Duration = .milliseconds(3)
  package var patientJobs = 8
  /// Octets of mail after which a batch is closed; one larger mail still makes a batch of its own.
  package var batchOctets = 16 << 20
  /// Octets that may wait for their commit. Beyond, a mail is refused at once rather than filling the memory while a
  /// disk hangs; a single mail is never too large for an empty list.
  package var pendingOctets = 256 << 20
  /// Pages in the WAL after which they are moved into the database: 16 MiB, for fewer syncs under load than with 4. On a
  /// small disk it takes fewer.
  package var walPages = 4096
  /// Messages larger than this many octets live in files of their own (25 MB blobs: 10 per second, and each is written
  /// twice, to the WAL and to the database).
  package var inlineOctets = 1 << 20
  /// Octets of large messages that may be in memory while they arrive, because the disk does not take them.
  package var incomingMemory = 256 << 20
  /// Mails larger than this many octets are not kept as samples of their fingerprint.
  package var sampleOctets = 256 << 10
  /// Octets of the disk that new mail may not take, so that deliveries can be recorded.
  package var reservedOctets = 32 << 20
  /// The reserve is never more than the file system divided by this.
  package var reservedPart = 20
  /// Variants that are kept of one error.
  package var variants = WindowSettings.mostVariants
  /// How long a statement waits for a lock that somebody else holds on the database, e.g. the `sqlite3` command.
  package var busyTimeout: Duration = .seconds(5)

  /// How long a start may look for damage.
  package var examination: Duration = .seconds(2)
  /// What cannot be read for so long counts as damaged: a disk that was unplugged, or whose controller started anew, is
  /// back by then.
  package var readPatience: Duration = .seconds(15)
  /// A database that is damaged again within this time after it was replaced is not replaced again yet.
  package var replacementPause: Duration = .seconds(60)

  /// A database that could not be opened at the start, because the disk did not take it, is tried again after this time.
  package var openingPause: Duration = .seconds(5)

  /// How long what is there for people stays.
  package var retention = Retention()

  package init() {}
}

/// How long what is there for people stays. It never concerns the queue.
package struct Retention: Hashable, Sendable {
  /// Of the first and the latest mail of each error, and of the first of each variant.
  package var sampleAge: Duration
  /// Octets that all of these take; the oldest go first.
  package var sampleOctets: Int
  /// Of counts, and of errors that are not seen any more.
  package var history: Duration

  package init(
    sampleAge: Duration = .seconds(90 * 86_400), sampleOctets: Int = 256 << 20,
    history: Duration = .seconds(400 * 86_400)
  ) {
    self.sampleAge = sampleAge
    self.sampleOctets = sampleOctets
    self.history = history
  }
}
