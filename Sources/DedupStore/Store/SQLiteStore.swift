package import DedupCore
import Dispatch
import EventLog
import GRDB
package import Logging
package import MailMessage
package import RelayMail
import Synchronization

/// The durable store: windows, counts and queue in one SQLite database, large messages in files beside it.
///
/// Promises:
/// - a success is reported after the transaction was synced to disk, and all jobs that wait at that moment share
///   the sync;
/// - forwarded + suppressed + passed + doubtful is the number of acknowledged mails, also after `kill -9`;
/// - a mail that is not what was stored is never handed out: its entry is set aside and reported;
/// - one instance per directory.
///
/// A database that is damaged is set aside and replaced by a fresh one that takes over what can still be read, at the
/// start as well as during operation; so is one that was removed while in use. `untoldReplacements` lists these. If the
/// disk does not allow a database at the start, everything fails until it does.
///
/// Limits are those of `StoreLimits`. Times come from outside and may jump. Every failure is a `StoreFailure`, and then
/// nothing of the request has been stored. The caller picks queue IDs that are not in use; a mail whose ID is in use
/// fails alone.
///
/// The directory holds `dedup.sqlite` with its `-wal` and `-shm`, `bodies/`, `handovers` and `lock`, and everything
/// that was set aside. The owner must call `close`.
package final class SQLiteStore: MailStore, Sendable {
  let queue: CommitQueue<Batch>
  let reader: StoreReader
  let bodies: BodyFiles
  let limits: StoreLimits
  let logger: Logger
  let explainer: Explainer
  let handovers: HandoverNotes
  let writer: Writer
  let wiping = DispatchQueue(label: "dedup-store.wiping")
  /// The messages that cannot be read at the moment, by queue ID.
  let readPatience: ReadPatience<QueueID>
  private let files: StoreFiles
  private let lock: InstanceLock
  let retention = BusyRetention()
  private let added = Handler<AddedMail>()
  private let replaced = Handler<Void>()
  private let changes = Atomic(0)
  /// The latest time that a caller of `due` gave.
  private let clock = Mutex<Timestamp?>(nil)

  /// Opens or creates the store in `directory`, which is made (mode 0700) if it is missing.
  ///
  /// Throws a description of what happened and what to do: `.locked` if another instance holds the store, `.other` if a
  /// newer version wrote it or the directory may not be used, or the error of the disk.
  ///
  /// - Parameters:
  ///   - policy: the policy for windows until `setPolicy`.
  ///   - limits: the size limits.
  ///   - now: the clock of the machine, used in the names of databases that are set aside.
  ///   - letterhead: the letterhead of the mails that the store writes itself, and the clock that Subjects show.
  ///   - naming: the names of errors in the fleet.
  ///   - arriving: the number of messages on their way in. Mail that is ready waits a moment for them.
  ///   - explain: the readable explanation of a message's fingerprint, given what `packages(of:)` was when the message
  ///     was judged. Pure; called off the path of the mail.
  package init(
    directory: String, policy: WindowPolicy, explain: @escaping @Sendable ([UInt8], [String]) -> String,
    logger: Logger,
    limits: StoreLimits = StoreLimits(), now: @escaping @Sendable () -> Timestamp,
    letterhead: Letterhead = Letterhead(hostname: "localhost"), naming: FleetNaming = FleetNaming { $0 },
    arriving: @escaping @Sendable () -> Int = { 0 }
  ) throws(StoreFailure) {
    let files = StoreFiles(directory: directory)
    let lock = try Faults.translated {
      try StoreFiles.makeDirectory(files.directory)
      return try InstanceLock(path: files.lock)
    }
    let replacer = Replacer(files: files, lock: lock, limits: limits, logger: logger, now: now)
    let database: CurrentDatabase
    do {
      bodies = BodyFiles(folder: files.bodies)
      database = try Self.open(replacer, bodies, logger)
    } catch {
      lock.release()
      throw Faults.failure(error).about(files.database)
    }
    self.files = files
    self.lock = lock
    readPatience = ReadPatience(limits.readPatience)
    self.limits = limits
    writer = Writer(
      database, bodies, limits, policy: policy, replacer: replacer, letterhead: letterhead, naming: naming)
    largeMessages = IncomingMessages(folder: files.bodies, limits: limits)
    self.logger = logger
    explainer = Explainer(explain)
    handovers = HandoverNotes(path: files.handovers)
    queue = CommitQueue(limits: limits, diagnose: Faults.failure, arriving: arriving)
    reader = StoreReader(
      { () throws(StoreFailure) in
        let opened = try database.opened
        return (opened.pool, opened.generation)
      }, bodies, policy,
      failed: { [queue, writer] in Self.look(after: $0, in: $1, queue, writer) })
    writer.onCommit { [weak self, queue, explainer] effects in
      self?.announce(effects)
      Self.follow(effects, queue, explainer)
    }
    writer.onReplaced { [added, replaced] in
      added(AddedMail(isComplete: false))
      replaced(())
    }
    if let pool = try? database.opened.pool { try? pool.read { try writer.start($0) } }
    queue.start { [writer] in Committer(writer, logger) }
    startRetention()
  }

  /// Finishes what was accepted, moves the WAL into the database, and releases the lock for the next instance. Blocks
  /// until then; later calls fail with `.closed`, and further calls of `close` do nothing.
  package func close() {
    // Pending explanations are handed to the queue before the queue closes.
    explainer.finish()
    retention.stop()
    guard queue.close() else { return }
    reader.close()
    writer.onCommit(nil)
    writer.onReplaced(nil)
    do { try writer.close() } catch {
      logger.event(.error, .storeNotClosed, [.error: "\(Faults.failure(error))"])
    }
    lock.release()
  }

  package func packages(of envelope: Envelope) -> [String] { writer.packages(of: Site.envelopeKey(of: envelope)) }

  /// Sets the policy for windows from the next batch on.
  package func setPolicy(_ policy: WindowPolicy) {
    writer.setPolicy(policy)
    reader.setPolicy(policy)
  }

  /// The policy for windows at the moment.
  package var policy: WindowPolicy { writer.currentPolicy }

  /// The current settings for how errors are reported.
  package var noticeMode: NoticeMode { writer.noticeMode }

  /// Sets how errors are reported from the next batch on.
  ///
  /// - Parameter room: the number of recipients that may still be told of errors one by one; further new errors wait for a
  ///   digest. Nil means any number.
  package func setNoticeMode(_ noticeMode: NoticeMode, room: Int? = nil) {
    writer.setNoticeMode(noticeMode, room: room)
  }

  /// Sets how long samples and history are kept, from the next idle moment on.
  package func setRetention(_ retention: Retention) {
    writer.setRetention(retention)
    // An idle moment comes only after some work.
    queue.submit(octets: 0, work: { _ in }, completion: { _ in })
  }

  /// Sets the closure called after each commit that added mail to deliver, on the store's thread; it must be quick.
  package func onQueued(_ added: @escaping @Sendable (AddedMail) -> Void) { self.added.set(added) }

  /// The number of transactions begun so far.
  package var transactions: Int { writer.transactions }

  /// The number of changes that admins made to waiting mail; a caller that was told of a change sees it counted.
  package var queueChanges: Int { changes.load(ordering: .relaxed) }

  /// Sets the closure that is called after each replacement of the database while the store is open. It is called on
  /// the store's thread and must be quick. Earlier replacements are in `untoldReplacements`.
  package func onReplaced(_ told: @escaping @Sendable () -> Void) { replaced.set(told) }

  /// The databases that were set aside and not removed since, oldest first.
  package var setAside: [SetAsideDatabase] { files.setAside }

  /// The place for arriving messages that are too large for memory; `accept` takes them over from there without a copy.
  package let largeMessages: any LargeMessages

  /// The number of durable transactions so far.
  package var commits: Int { queue.commits }

  /// The sizes and durations of the durable transactions.
  package var commitMeter: CommitMeter { queue.meter }

  /// Returns true if the clock ran normally since the last call of this method or of `due`; otherwise `due` has to look
  /// at the queue.
  package func follows(_ now: Timestamp) -> Bool {
    clock.withLock { clock in
      guard let before = clock, !before.isJump(to: now) else { return false }
      clock = now
      return true
    }
  }

  /// Remembers `now` and returns the time that was remembered before.
  func noteClock(_ now: Timestamp) -> Timestamp? {
    clock.withLock { clock in
      defer { clock = now }
      return clock
    }
  }

  /// Forgets the clock, so that the next `due` checks it like the first one did.
  func forgetClock() { clock.withLock { $0 = nil } }

  /// The time that was last given to `noteClock` or `follows`.
  var latestTime: Timestamp? { clock.withLock { $0 } }

  /// Opens the database. A disk that cannot be written is no reason to refuse mail: the store then opens without a
  /// database, all mail finds another place, and what was queued stays where it is until there is a database again.
  private static func open(_ replacer: Replacer, _ bodies: BodyFiles, _ logger: Logger) throws -> CurrentDatabase {
    do {
      let pool = try replacer.open(isStart: true)
      removeOrphans(replacer.files, bodies, pool, logger)
      return try CurrentDatabase(pool)
    } catch {
      let failure = Faults.failure(error).about(replacer.files.database)
      guard failure.kind == .diskFull || failure.kind == .ioError else { throw error }
      logger.event(.critical, .storeUnavailable, [.error: "\(failure)"])
      return CurrentDatabase(missing: failure)
    }
  }

  /// Removes body files without an entry. They only take room, so no failure here is a reason not to start.
  private static func removeOrphans(
    _ files: StoreFiles, _ bodies: BodyFiles, _ pool: DatabasePool, _ logger: Logger
  ) {
    do {
      let orphans = try Housekeeping.removeOrphans(files, bodies, pool)
      if orphans > 0 { logger.event(.notice, .orphansRemoved, [.files: "\(orphans)"]) }
    } catch {
      logger.event(.warning, .orphansStay, [.error: "\(Faults.failure(error))"])
    }
  }

  /// The time for ages: the wall clock's, except for jumps ahead, which count only once they have lasted for an hour.
  package var ageTime: Timestamp { writer.ages.now() }
  /// Handles a failure that a reader met: the next transaction, which comes at once, deals with it.
  private static func look(
    after failure: StoreFailure, in generation: Int, _ queue: CommitQueue<Batch>, _ writer: Writer
  ) {
    guard failure.kind != .closed else { return }
    queue.submit(octets: 0) { _ in
      if failure.kind == .corrupt || failure.kind == .unreadable { try writer.meet(failure, in: generation) }
    } completion: { _ in
    }
  }

  private func announce(_ effects: Batch.Effects) {
    if effects.changedQueue { changes.add(1, ordering: .relaxed) }
    var mail = effects.added
    if mail.isEmpty { return }
    mail.changes = queueChanges
    added(mail)
  }

  private static func follow(
    _ effects: Batch.Effects, _ queue: CommitQueue<Batch>, _ explainer: Explainer
  ) {
    explainer.schedule(effects.unexplained) { fingerprint, text in
      queue.submit(octets: text.utf8.count) {
        try $0.explain(fingerprint, text)
      } completion: { _ in
        explainer.done(fingerprint)
      }
    }
  }
}
