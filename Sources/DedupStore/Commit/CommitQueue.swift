import Dispatch
import DedupCore
import Foundation
import Glibc
import Synchronization

/// Group commit: all jobs that wait at the moment share one transaction and its sync.
///
/// `submit` never blocks; one thread of ours takes the pending jobs, runs them inside one transaction and then calls
/// the completions. While a transaction syncs, the next batch forms; if nothing else waits, a single job commits at
/// once. The engine knows no database: `Context` is whatever the transaction passes to its jobs.
///
/// Promises: each completion is called exactly once, on a thread of the queue; a success only after the transaction
/// with the job in it has returned. If a batch fails, each of its jobs is tried again alone, so that one bad job does
/// not fail the others; a single job is retried if the transaction reports that it would now meet another database.
/// Jobs of a batch see what earlier ones did, in order of submission.
final class CommitQueue<Context>: Sendable {
  let limits: StoreLimits
  private let diagnose: @Sendable (any Error) -> StoreFailure
  let arriving: @Sendable () -> Int
  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let stopped = DispatchSemaphore(value: 0)
  // Serial queues of their own, which get a thread even if every thread of the global queues is blocked.
  private let preparation = DispatchQueue(label: "dedup-store-prepare")
  private let refusal = DispatchQueue(label: "dedup-store-refuse")

  /// Creates a queue.
  ///
  /// - Parameters:
  ///   - diagnose: turns an error of a transaction or a job into the failure that completions get.
  ///   - arriving: the number of jobs about to be submitted, for which a batch may wait a moment.
  init(
    limits: StoreLimits, diagnose: @escaping @Sendable (any Error) -> StoreFailure,
    arriving: @escaping @Sendable () -> Int = { 0 }
  ) {
    self.arriving = arriving
    self.limits = limits
    self.diagnose = diagnose
  }

  /// Starts the writer thread; jobs submitted earlier wait for it.
  ///
  /// - Parameter make: called once, on that thread.
  func start<Work: Committing<Context>>(_ make: @escaping @Sendable () -> Work) {
    let thread = Thread { [self] in
      var committer = make()
      run(&committer)
    }
    thread.name = "dedup-store"
    thread.start()
  }

  /// The number of durable transactions so far.
  var commits: Int { meter.sizes.count }

  var meter: CommitMeter { state.withLock { $0.meter } }

  /// Adds a job. `completion` must be quick: the next batch waits for it.
  ///
  /// - Parameter isPatient: true if it may wait as long as `limits` allow for others to share its transaction.
  func submit<Output: Sendable>(
    octets: Int, isPatient: Bool = false, work: @escaping @Sendable (Context) throws -> Output,
    completion: @escaping @Sendable (Result<Output, StoreFailure>) -> Void
  ) {
    var job = job(octets: octets, once: {}, work: { context, _ in try work(context) }, completion: { completion($1) })
    if isPatient { job.patience = .now + limits.patience }
    admit(job)
  }

  /// Adds a job with a step that needs no transaction and is done once, however often the job is tried.
  ///
  /// - Parameter once: done for all jobs of a batch in a row, before their transaction, on the thread that commits; for a
  ///   job that never gets there, on the thread of its completion.
  func submit<Kept, Output: Sendable>(
    octets: Int, once: @escaping @Sendable () -> Kept, work: @escaping @Sendable (Context, Kept) throws -> Output,
    completion: @escaping @Sendable (Kept, Result<Output, StoreFailure>) -> Void
  ) {
    admit(job(octets: octets, once: once, work: work, completion: completion))
  }

  /// Adds a job with slow work that needs no transaction, such as writing a file. `prepare` runs first, one at a time,
  /// and without holding up other jobs. It is not repeated when the job is.
  func submit<Prepared: Sendable, Output: Sendable>(
    octets: Int, prepare: @escaping @Sendable () throws -> Prepared,
    work: @escaping @Sendable (Context, Prepared) throws -> Output,
    completion: @escaping @Sendable (Result<Output, StoreFailure>) -> Void
  ) {
    submit(
      octets: octets, once: {}, prepare: prepare, work: { context, _, prepared in try work(context, prepared) },
      completion: { completion($1) })
  }

  /// Adds a job with slow work and a step that is done once, after it.
  func submit<Kept, Prepared: Sendable, Output: Sendable>(
    octets: Int, once: @escaping @Sendable () -> Kept, prepare: @escaping @Sendable () throws -> Prepared,
    work: @escaping @Sendable (Context, Kept, Prepared) throws -> Output,
    completion: @escaping @Sendable (Kept, Result<Output, StoreFailure>) -> Void
  ) {
    if let refusal = admit(octets, isPreparing: true, nil) {
      return self.refusal.async { completion(once(), .failure(refusal)) }
    }
    preparation.async { [self] in
      do {
        let prepared = try prepare()
        finishPreparing(
          job(octets: octets, once: once, work: { try work($0, $1, prepared) }, completion: completion))
      } catch {
        completion(once(), .failure(diagnose(error)))
        finishPreparing(nil, octets: octets)
      }
    }
  }

  /// Refuses new jobs, finishes the admitted ones and stops the thread. Blocks until then. True for the first call.
  func close() -> Bool {
    let isFirst = state.withLock { state in
      defer { state.isClosing = true }
      return !state.isClosing
    }
    guard isFirst else { return false }
    wake.signal()
    stopped.wait()
    return true
  }
}

// Admission, on the threads of callers.
extension CommitQueue {
  private func job<Kept, Output: Sendable>(
    octets: Int, once: @escaping @Sendable () -> Kept, work: @escaping @Sendable (Context, Kept) throws -> Output,
    completion: @escaping @Sendable (Kept, Result<Output, StoreFailure>) -> Void
  ) -> Job {
    Job(octets: octets) {
      let kept = once()
      return BegunJob(
        octets: octets,
        work: { context in
          let output = try work(context, kept)
          return { completion(kept, .success(output)) }
        },
        fail: { completion(kept, .failure($0)) })
    }
  }

  /// Admits the job or refuses it, never on the caller's thread, which may hold a lock that the completion takes.
  private func admit(_ job: Job) {
    guard let failure = admit(job.octets, isPreparing: false, job) else { return }
    refusal.async { job.begin().fail(failure) }
  }

  /// Admits the job, or returns the reason for refusing it.
  private func admit(_ octets: Int, isPreparing: Bool, _ job: Job?) -> StoreFailure? {
    let (refusal, wakes) = state.withLock { state -> (StoreFailure?, Bool) in
      if state.isClosing { return (StoreFailure(.closed, "the store is closed"), false) }
      if state.octets > 0, state.octets + octets > limits.pendingOctets {
        return (StoreFailure(.other, "\(state.octets) octets wait for the disk already: it is slow or hangs"), false)
      }
      state.octets += octets
      if isPreparing { state.preparing += 1 }
      if let job { state.add(job) }
      return (nil, state.wakes())
    }
    if wakes { wake.signal() }
    return refusal
  }

  private func finishPreparing(_ job: Job?, octets: Int = 0) {
    let wakes = state.withLock { state in
      state.preparing -= 1
      state.octets -= octets
      if let job { state.add(job) }
      return state.wakes()
    }
    if wakes { wake.signal() }
  }
}

// The writer thread.
extension CommitQueue {
  private func run(_ committer: inout some Committing<Context>) {
    while true {
      // On a busy machine, threads that are about to bring a mail go first, so that it shares this commit.
      sched_yield()
      switch state.withLock({ $0.step(limits, arriving: arriving()) }) {
      case .commit(let batch): commit(batch, &committer)
      case .rest(let left): _ = wake.wait(timeout: .now() + .microseconds(left.wholeMicroseconds))
      case .sleep: if !linger() { sleep(&committer) }
      case .stop:
        committer.finish()
        stopped.signal()
        return
      }
    }
  }

  /// Waits a moment for work. Returns true if there is some; if not, the next job wakes this thread. Under load the
  /// next mail is about to come, and waking this thread would cost the event loop that brings it a system call.
  private func linger() -> Bool {
    let end = ContinuousClock.now + .microseconds(30)
    while ContinuousClock.now < end {
      sched_yield()
      if state.withLock({ $0.calls }) { return true }
    }
    return state.withLock { state in
      state.isAsleep = !state.calls
      return !state.isAsleep
    }
  }

  private func sleep(_ committer: inout some Committing) {
    if wake.wait(timeout: .now() + .seconds(1)) == .success { return }
    while committer.tidy() && state.withLock({ $0.ready.isEmpty && !$0.isClosing }) {}
    // Nothing to do until the next call.
    if state.withLock({ $0.isAsleep }) { wake.wait() }
  }

  private func commit(_ jobs: [Job], _ committer: inout some Committing<Context>) {
    let start = ContinuousClock.now
    let batch = jobs.map { $0.begin() }
    do {
      let completions = try run(batch, since: start, &committer)
      completions.forEach { $0() }
      release(batch)
    } catch  where batch.count == 1 && !(error is DatabaseReplaced) {
      batch[0].fail(diagnose(error))
      release(batch)
    } catch {
      commitAlone(batch, after: diagnose(error), &committer)
    }
  }

  /// Runs the jobs in one transaction.
  ///
  /// - Parameter start: the time from which its duration is measured.
  /// - Returns: the closures that report the success.
  private func run(
    _ batch: [BegunJob], since start: ContinuousClock.Instant, _ committer: inout some Committing<Context>
  ) throws -> [() -> Void] {
    var completions: [() -> Void] = []
    completions.reserveCapacity(batch.count)
    try committer.commit { context in
      for job in batch { completions.append(try job.work(context)) }
    }
    let took = start.duration(to: .now).components
    let seconds = Double(took.seconds) + Double(took.attoseconds) / 1e18
    state.withLock { $0.meter.add(jobs: batch.count, seconds: seconds) }
    return completions
  }

  /// Runs each job in a transaction of its own. If the failure is the store's and not a job's, the rest fails at once:
  /// a disk that hangs must not be asked five hundred times while clients wait.
  private func commitAlone(
    _ batch: [BegunJob], after first: StoreFailure, _ committer: inout some Committing<Context>
  ) {
    var inARow = 0
    for (index, job) in batch.enumerated() {
      do {
        let completions = try run([job], since: .now, &committer)
        completions.forEach { $0() }
        inARow = 0
      } catch {
        var failure = diagnose(error)
        inARow = failure.kind.concernsWholeStore ? inARow + 1 : 0
        failure.transactions = first.transactions + failure.transactions
        job.fail(failure)
        if inARow == 3 {
          failure.transactions = first.transactions
          batch[(index + 1)...].forEach { $0.fail(failure) }
          break
        }
      }
    }
    release(batch)
  }

  private func release(_ batch: [BegunJob]) {
    let octets = batch.reduce(0) { $0 + $1.octets }
    state.withLock { $0.octets -= octets }
  }
}

extension Duration {
  /// The duration in whole microseconds, for short waits.
  fileprivate var wholeMicroseconds: Int {
    Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
  }
}
