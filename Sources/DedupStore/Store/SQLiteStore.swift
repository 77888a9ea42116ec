package import DedupCore
import Dispatch
import GRDB
package import Logging
package import MailMessage
import Synchronization

/// The durable store: windows, counts and queue in one SQLite database, large messages in files beside it.
///
/// Promises:
/// - a success is reported after the transaction was synced to disk (R1), and everything that waits at the moment shares
///   that sync;
/// - forwarded + suppressed + passed + doubtful is the number of acknowledged mails, also after `kill -9` (R9);
/// - a mail that is not what was stored is never handed out: its entry is set aside and reported (R3);
/// - one instance per directory (R14).
///
/// A database that is damaged is set aside and replaced by a fresh one, which takes over what can still be read, at the
/// start as well as in the middle of the work; likewise one that was removed while in use. `untoldReplacements` tells.
/// On a disk that does not take a database at the start everything fails until it does.
///
/// Limits are those of `StoreLimits`. Times come in from outside and may jump. Every failure
/// is a `StoreFailure`, and then nothing of what was asked has been stored. The caller picks queue ids that are not in
/// use; a mail with one that is fails alone.
///
/// The directory holds `dedup.sqlite` with its `-wal` and `-shm`, `bodies/`, `handovers` and `lock`, and whatever was set
/// aside. The owner must call `close`.
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
  /// By queue id.
  let readPatience: ReadPatience<QueueID>
  private let files: StoreFiles
  private let lock: InstanceLock
  private let retention = BusyRetention()
  private let added = Callback<AddedMail>()
  private let replaced = Callback<Void>()
  private let changes = Atomic(0)
  /// The latest time that a caller of `due` told.
  private let clock = Mutex<Timestamp?>(nil)

  /// Opens or creates the store in `directory`, made (mode 0700) when it is missing.
  ///
  /// Throws with a description of what happened and what to do: `.locked` when another instance holds the store,
  /// `.other` when a newer version wrote it or the directory may not be used, and what the disk says.
  ///
  /// - Parameters:
  ///   - policy: decides over windows until `setPolicy`.
  ///   - limits: sizes.
  ///   - now: the clock of the machine, for the names of what is set aside.
  ///   - letterhead: of the mails that the store writes itself, and the clock that Subjects show.
  ///   - arriving: how many messages are on their way in. Mail that is ready waits a moment for them.
  ///   - explain: the readable explanation of a message's fingerprint, with what `packages(of:)` was when it was judged.
  ///     Pure; called beside the path of the mail.
  package init(
    directory: String, policy: WindowPolicy, explain: @escaping @Sendable ([UInt8], [String]) -> String,
    logger: Logger,
    limits: StoreLimits = StoreLimits(), now: @escaping @Sendable () -> Timestamp,
    letterhead: Letterhead = Letterhead(hostname: "localhost"), arriving: @escaping @Sendable () -> Int = { 0 }
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
    writer = Writer(database, bodies, limits, policy: policy, replacer: replacer, letterhead: letterhead)
    largeMessages = IncomingMessages(folder: files.bodies, limits: limits)
    self.logger = logger
    explainer = Explainer(explain)
    handovers = HandoverNotes(path: files.handovers)
    queue = CommitQueue(
      limits: limits, transaction: { [writer] in try writer.commit($0) }, diagnose: Faults.failure,
      idle: { [writer, logger] in Self.tidy(writer, logger) }, arriving: arriving)
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
    queue.start()
    startRetention()
  }

  /// Finishes what was accepted, moves the WAL into the database, and lets the next instance in. Blocks until then;
  /// whoever calls afterwards gets `.closed`. Calls after the first do nothing.
  package func close() {
    // What is still unexplained is handed to the queue before that closes.
    explainer.finish()
    retention.stop()
    guard queue.close() else { return }
    reader.close()
    writer.onCommit(nil)
    writer.onReplaced(nil)
    do { try writer.close() } catch {
      logger.error("the store did not close in order", metadata: ["error": "\(Faults.failure(error))"])
    }
    lock.release()
  }

  package func packages(of envelope: Envelope) -> [String] { writer.packages(of: Site.envelopeKey(of: envelope)) }

  /// Windows are decided by `policy` from the next batch on.
  package func setPolicy(_ policy: WindowPolicy) {
    writer.setPolicy(policy)
    reader.setPolicy(policy)
  }

  /// What decides over windows at the moment.
  package var policy: WindowPolicy { writer.currentPolicy }

  /// How errors are told of at the moment.
  package var telling: ErrorTelling { writer.telling }

  /// Errors are told of as `telling` says from the next batch on.
  package func setTelling(_ telling: ErrorTelling) { writer.setTelling(telling) }

  /// What is there for people stays as long as `retention` says from the next idle moment on.
  package func setRetention(_ retention: Retention) {
    writer.setRetention(retention)
    // An idle moment comes after some work.
    queue.submit(octets: 0, work: { _ in }, completion: { _ in })
  }

  /// `added` is called after each commit that added something to deliver, on the store's thread: it must be quick.
  package func onQueued(_ added: @escaping @Sendable (AddedMail) -> Void) { self.added.set(added) }

  /// Transactions that were begun so far.
  package var transactions: Int { writer.transactions }

  /// How often an admin changed what waits; whoever was told of a change sees it counted.
  package var queueChanges: Int { changes.load(ordering: .relaxed) }

  /// `told` is called after each replacement of the database while the store was open, on the store's thread: it must
  /// be quick. What happened before, `untoldReplacements` knows.
  package func onReplaced(_ told: @escaping @Sendable () -> Void) { replaced.set(told) }

  /// Databases that were set aside and not removed since, oldest first.
  package var setAside: [SetAsideDatabase] { files.setAside }

  /// Where messages arrive that are too large for memory; `accept` takes them over from there without a copy.
  package let largeMessages: any LargeMessages

  /// Durable transactions so far.
  package var commits: Int { queue.commits }

  /// How these were.
  package var commitMeter: CommitMeter { queue.meter }

  /// Whether the clock went on as clocks do since the last call of this or of `due`, which has to look at the queue
  /// otherwise.
  package func follows(_ now: Timestamp) -> Bool {
    clock.withLock { clock in
      guard let before = clock, !before.isJump(to: now) else { return false }
      clock = now
      return true
    }
  }

  /// Remembers `now` and returns what it was before.
  func tell(_ now: Timestamp) -> Timestamp? {
    clock.withLock { clock in
      defer { clock = now }
      return clock
    }
  }

  /// Lets the next `due` look at the clock as the first one did.
  func forgetClock() { clock.withLock { $0 = nil } }

  /// What `tell` was told last.
  var latestTime: Timestamp? { clock.withLock { $0 } }

  /// A disk that takes nothing is no reason to refuse mail: the store opens without a database, all of it finds another
  /// place, and what was queued stays where it is until there is one again.
  private static func open(_ replacer: Replacer, _ bodies: BodyFiles, _ logger: Logger) throws -> CurrentDatabase {
    do {
      let pool = try replacer.open(isStart: true)
      removeOrphans(replacer.files, bodies, pool, logger)
      return try CurrentDatabase(pool)
    } catch {
      let failure = Faults.failure(error).about(replacer.files.database)
      guard failure.kind == .diskFull || failure.kind == .ioError else { throw error }
      logger.critical("store-unavailable", metadata: ["error": "\(failure)"])
      return CurrentDatabase(missing: failure)
    }
  }

  /// They only take room: no failure here is a reason not to start.
  private static func removeOrphans(
    _ files: StoreFiles, _ bodies: BodyFiles, _ pool: DatabasePool, _ logger: Logger
  ) {
    do {
      let orphans = try Housekeeping.removeOrphans(files, bodies, pool)
      if orphans > 0 { logger.notice("removed body files without an entry", metadata: ["files": "\(orphans)"]) }
    } catch {
      logger.warning("body files without an entry stay", metadata: ["error": "\(Faults.failure(error))"])
    }
  }

  /// The time for ages: that of the wall clock but for jumps ahead, which count only once they have lasted for an hour.
  package var ageTime: Timestamp { writer.ages.now() }

  private func startRetention() {
    let lastCommits = Atomic(0)
    retention.start { [queue, writer] in
      let now = queue.commits
      let before = lastCommits.exchange(now, ordering: .relaxed)
      if now > before, writer.ages.isDue {
        queue.submit(octets: 0, isPatient: true) {
          try writer.ages.write($0.db)
        } completion: { _ in
        }
      }
      // Less than one a second has idle moments between.
      return now > before
    } find: { [writer] limit in
      guard let pool = try? writer.pool else { return nil }
      let purge = writer.purge(at: writer.ages.now())
      return try? pool.read { try purge.find($0, limit: limit) }
    } carryOut: { [queue, writer] work in
      let purge = writer.purge(at: writer.ages.now())
      let done = DispatchSemaphore(value: 0)
      let isDone = Atomic(false)
      queue.submit(octets: 0) { batch in
        // Samples are nothing that windows stand on.
        if work.kind != .samples { try batch.windows.settle(batch.db) }
        batch.effects.orphans += try purge.carryOut(work, batch.db)
      } completion: { result in
        if case .success = result { isDone.store(true, ordering: .relaxed) }
        done.signal()
      }
      done.wait()
      return isDone.load(ordering: .relaxed)
    }
  }

  private static func tidy(_ writer: Writer, _ logger: Logger) -> Bool {
    do { return try writer.tidy() } catch {
      logger.warning("the database could not be tidied", metadata: ["error": "\(Faults.failure(error))"])
      return false
    }
  }

  /// A reader met a failure: the next transaction, which comes at once, sees to it.
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
