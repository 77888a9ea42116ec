import DedupCore

/// The limits on what the store keeps in memory, on disk and in one transaction.
package struct StoreLimits: Hashable, Sendable {
  /// The maximum number of mails that share one commit.
  package var batchMails = 512
  /// The time that a job that need not be durable at once waits for others to share its commit, and the number of such
  /// jobs that start a commit.
  package var patience: Duration = .milliseconds(3)
  package var patientJobs = 8
  /// The octets of mail after which a batch is closed; one larger mail still makes a batch of its own.
  package var batchOctets = 16 << 20
  /// The octets that may wait for their commit. Beyond that, a mail is refused at once rather than filling the memory
  /// while a disk hangs; a single mail is never too large for an empty list.
  package var pendingOctets = 256 << 20
  /// The pages in the WAL after which they are moved into the database: 16 MiB, which needs fewer syncs under load than
  /// 4 MiB. On a small disk the limit is lower.
  package var walPages = 4096
  /// The size in octets above which messages live in files of their own (25 MB blobs: 10 per second, and each is
  /// written twice, to the WAL and to the database).
  package var inlineOctets = 1 << 20
  /// The octets of large messages that may be in memory while they arrive because the disk does not take them.
  package var incomingMemory = 256 << 20
  /// The size in octets above which mails are not kept as samples of their fingerprint.
  package var sampleOctets = 256 << 10
  /// The octets of the disk that new mail may not take, so that deliveries can be recorded.
  package var reservedOctets = 32 << 20
  /// The divisor of the file system's size that limits the reserve.
  package var reservedPart = 20
  /// The maximum number of variants kept per error.
  package var variants = WindowSettings.mostVariants
  /// The time that a statement waits for a lock that another program holds on the database, e.g. the `sqlite3` command.
  package var busyTimeout: Duration = .seconds(5)

  /// The time that a start may spend looking for damage.
  var examination: Duration = .seconds(2)
  /// The time after which data that cannot be read counts as damaged: a disk that was unplugged, or whose controller
  /// was restarted, is back by then.
  package var readPatience: Duration = .seconds(15)
  /// The time after a replacement during which a database that is damaged again is not replaced again.
  var replacementPause: Duration = .seconds(60)

  /// The time after which a database is tried again that could not be opened at the start because of the disk.
  package var openingPause: Duration = .seconds(5)

  /// The time that samples and history, which are for people to look at, are kept.
  package var retention = Retention()

  package init() {}
}

/// The time that samples and history, which are for people to look at, are kept. It never applies to the queue.
package struct Retention: Hashable, Sendable {
  /// The age limit of the first and the latest mail of each error, and of the first mail of each variant.
  package var sampleAge: Duration
  /// The octets that all of these may take; the oldest are removed first.
  package var sampleOctets: Int
  /// The age limit of counts, and of errors that are not seen any more.
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
