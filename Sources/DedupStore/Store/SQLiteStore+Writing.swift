package import DedupCore
import MailMessage

extension SQLiteStore {
  package func accept(
    _ submission: Submission, completion: @escaping @Sendable (Judged, Result<Verdict, StoreFailure>) -> Void
  ) {
    submit(submission, work: { try $0.accept($1, $2, file: $3) }, completion: completion)
  }

  /// Accepts a mail that the emergency spool kept. A mail that was imported before is left alone, so a crash between
  /// the import and the removal of the spooled file counts and sends nothing twice. The same holds for a mail whose
  /// transaction failed and was found whole after a crash.
  ///
  /// - Parameter transactions: the transactions that should have stored the mail.
  /// - Returns: the verdict; nil if the store has the mail already.
  package func importSpooled(
    _ submission: Submission, transactions: [Int64]
  ) async throws(StoreFailure) -> Verdict? {
    let isHere = try await commit { batch in
      try ImportTable.contains(submission.id, batch.db)
        || TransactionTable.contains(anyOf: transactions, batch.db)
    }
    if isHere { return nil }
    // The file that the failed transaction left of a large message; nothing refers to it.
    bodies.remove("\(submission.id)")
    let result = await withCheckedContinuation { continuation in
      submit(submission) { batch, submission, judged, file in
        try ImportTable.insert(submission.id, batch.db)
        return try batch.accept(submission, judged, file: file)
      } completion: { _, result in
        continuation.resume(returning: result)
      }
    }
    return try result.get()
  }

  /// Forgets that `id` was imported. Call it once its spooled file is gone for good.
  package func forgetSpooled(_ id: QueueID) async throws(StoreFailure) {
    try await commit { try ImportTable.forget(id, $0.db) }
  }

  /// Forgets the transactions that were found at start. Call it while the spool is empty.
  package func forgetFoundTransactions() async throws(StoreFailure) {
    try await commit { try TransactionTable.forgetFound($0.db) }
  }

  /// Submits `work` for a mail, which is judged once, however often the transaction is tried.
  private func submit<Output: Sendable>(
    _ submission: Submission, work: @escaping @Sendable (Batch, Submission, Judged, BodyFile?) throws -> Output,
    completion: @escaping @Sendable (Judged, Result<Output, StoreFailure>) -> Void
  ) {
    // Octets that are in a file already do not wait in memory.
    let octets = submission.message.head.count
    guard submission.message.tail != nil || submission.message.count > limits.inlineOctets else {
      return queue.submit(
        octets: octets, once: submission.judge, work: { try work($0, submission, $1, nil) }, completion: completion)
    }
    let bodies = bodies
    let file = Written()
    queue.submit(octets: octets, once: submission.judge) { [limits] in
      try Self.prepared(submission, bodies, file, limits)
    } work: { batch, judged, prepared in
      try work(batch, prepared.submission, judged, prepared.file)
    } completion: { judged, result in
      if case .failure(let failure) = result { file.remove(from: bodies, after: failure) }
      completion(judged, result)
    }
  }

  /// Returns the submission as it is stored: a large message gets a file; one that is in a file but not large is read
  /// into memory.
  private static func prepared(
    _ submission: Submission, _ bodies: BodyFiles, _ file: Written, _ limits: StoreLimits
  ) throws -> (submission: Submission, file: BodyFile?) {
    var submission = submission
    guard submission.message.count > limits.inlineOctets else {
      submission.message = Message(try submission.message.octets())
      return (submission, nil)
    }
    if let shortage = DiskSpace(path: bodies.folder)?.shortage(for: submission.message.count, limits) {
      throw shortage
    }
    return (submission, file.keep(try bodies.keep(submission.message, for: submission.id)))
  }

  /// Queues mails of our own, due at once: all of them or none. They stay in the database, so none should be large.
  ///
  /// - Parameter setting: a small fact that becomes durable in the same transaction, such as the day of a summary.
  package func enqueue(_ mails: [OwnMail], setting: (key: String, value: String)? = nil) async throws(StoreFailure) {
    try await commit { batch in
      for mail in mails { try batch.enqueue(mail, file: nil) }
      if let setting { try SettingTable.set(setting.key, setting.value, batch.db) }
    }
  }

  /// Carries out the outcome of an attempt in one durable transaction. Recipients with a final fate leave the entry,
  /// and with its last recipient the entry leaves the queue. `bounce` (or a delay notice) is queued, and the window of
  /// a first mail that no recipient got is reopened. A settlement for an entry that is gone sends nothing. Cancelling
  /// the calling task does not stop it. If the process is killed first, the next one records the recipients that got
  /// the mail (`recallHandovers`).
  ///
  /// - Parameters:
  ///   - delayNoticeSent: true if the sender is now told that the mail is late.
  ///   - gathered: failures for the next digest of bounces (`sendWhatIsDue`).
  package func settle(
    _ settlement: Settlement, bounce: OwnMail? = nil, delayNoticeSent: Bool = false, gathered: [GatheredBounce] = []
  ) async throws(StoreFailure) {
    let settling = Settling(
      settlement: settlement, at: latestTime, notice: bounce, delayNoticeSent: delayNoticeSent, gathered: gathered)
    handovers.note(settlement)
    if bounce == nil {
      try await share(isPatient: true) { try $0.settle(settling, noticeFile: nil) }
    } else {
      try await commit(bounce) { try $0.settle(settling, noticeFile: $1) }
    }
    handovers.forget(settlement.entry)
  }

  /// Queues a mail that reports the oldest `count` replacements and marks them as reported. Without a mail it only
  /// marks them.
  package func notify(_ mail: OwnMail?, of count: Int) async throws(StoreFailure) {
    try await commit(mail) { batch, file in
      let left = Array(try Replacer.untold(batch.db).dropFirst(count))
      try SettingTable.set(Replacer.untoldSetting, try Replacer.json(left), batch.db)
      if let mail { try batch.enqueue(mail, file: file) }
    }
  }

  /// Stores a small fact durably. The caller chooses the keys.
  package func setSetting(_ key: String, _ value: String) async throws(StoreFailure) {
    try await commit { try SettingTable.set(key, value, $0.db) }
  }

  /// Triggers the removal of old data in the next idle moment; a store that gets no mail never reaches one by itself.
  package func tidy() async throws(StoreFailure) { try await commit { _ in } }

  /// Runs `work` in the next transaction. `work` may change the data that windows, silences and counts are based on:
  /// mail after it reads them again.
  func commit<Output: Sendable>(
    _ work: @escaping @Sendable (Batch) throws -> Output
  ) async throws(StoreFailure) -> Output {
    try await share(isPatient: false) { batch in
      try batch.windows.flushAndForget(batch.db)
      return try work(batch)
    }
  }

  /// Runs `work` in a transaction.
  ///
  /// - Parameter isPatient: true if `work` may be done a moment later so that it shares a sync.
  func share<Output: Sendable>(
    isPatient: Bool, _ work: @escaping @Sendable (Batch) throws -> Output
  ) async throws(StoreFailure) -> Output {
    let result = await withCheckedContinuation { continuation in
      queue.submit(octets: 0, isPatient: isPatient, work: work) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  /// Runs `work` with the file of `mail` if the mail is large enough to have one.
  private func commit(
    _ mail: OwnMail?, _ work: @escaping @Sendable (Batch, BodyFile?) throws -> Void
  ) async throws(StoreFailure) {
    guard let mail, mail.message.count > limits.inlineOctets else { return try await commit { try work($0, nil) } }
    let bodies = bodies
    let file = Written()
    let result = await withCheckedContinuation { continuation in
      queue.submit(octets: mail.message.count) {
        file.keep(try bodies.keep(Message(mail.message), for: mail.id))
      } work: {
        try work($0, $1)
      } completion: {
        continuation.resume(returning: $0)
      }
    }
    if case .failure(let failure) = result { file.remove(from: bodies, after: failure) }
    try result.get()
  }
}
