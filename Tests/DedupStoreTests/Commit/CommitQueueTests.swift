import DedupCore
import Dispatch
import Synchronization
import Testing

@testable import DedupStore

/// Stands in for a database: what was committed, and orders to fail.
private final class Ledger: Sendable {
  struct State {
    var batches: [[Int]] = []
    var attempts = 0
    var finishes = 0
    /// Values that no transaction can hold.
    var poison: Set<Int> = []
    var failure: StoreFailure?
  }

  let state = Mutex(State())

  /// What a job writes to.
  final class Page {
    var values: [Int] = []
  }

  func queue(_ limits: StoreLimits = StoreLimits(), arriving: Int = 0) -> CommitQueue<Page> {
    let queue = CommitQueue<Page>(
      limits: limits, diagnose: { $0 as? StoreFailure ?? StoreFailure(.other, "\($0)") }, arriving: { arriving })
    queue.start { Hand(ledger: self) }
    return queue
  }

  /// What the thread of the queue writes with.
  struct Hand: Committing {
    let ledger: Ledger

    func commit(_ jobs: (Page) throws -> Void) throws { try ledger.commit(jobs) }
    func tidy() -> Bool { false }
    func finish() { ledger.state.withLock { $0.finishes += 1 } }
  }

  private func commit(_ jobs: (Page) throws -> Void) throws {
    let page = Page()
    let failure = state.withLock { state in
      state.attempts += 1
      return state.failure
    }
    try jobs(page)
    if let failure { throw failure }
    try state.withLock { state in
      if let bad = page.values.first(where: state.poison.contains) { throw StoreFailure(.other, "\(bad)") }
      state.batches.append(page.values)
    }
  }
}

/// Runs `jobs` as one batch, held together by a job before them, and returns what their completions got.
private func together(_ jobs: [Int], octets: Int = 1, on queue: CommitQueue<Ledger.Page>) -> [Result<Int, StoreFailure>]
{
  let gate = DispatchSemaphore(value: 0)
  let done = DispatchGroup()
  let results = Mutex([Int: Result<Int, StoreFailure>]())
  let entered = DispatchSemaphore(value: 0)
  queue.submit(octets: 0) { _ in
    entered.signal()
    gate.wait()
  } completion: { _ in
  }
  entered.wait()
  for job in jobs {
    done.enter()
    queue.submit(octets: octets) { page in
      page.values.append(job)
      return job
    } completion: { result in
      results.withLock { $0[job] = result }
      done.leave()
    }
  }
  gate.signal()
  done.wait()
  return results.withLock { results in jobs.compactMap { results[$0] } }
}

@Suite("Group commit")
struct CommitQueueTests {
  @Test("a job waits a moment for those that are about to come, and for none that never come")
  func arriving() async throws {
    let ledger = Ledger()
    let queue = ledger.queue(arriving: 3)
    var rounds = 0
    // A busy machine may bring them too late now and then.
    while rounds < 200, !ledger.state.withLock({ $0.batches.contains { $0.count == 4 } }) {
      rounds += 1
      await withTaskGroup(of: Void.self) { jobs in
        for job in 1...4 {
          jobs.addTask {
            await withCheckedContinuation { done in
              queue.submit(octets: 1, work: { $0.values.append(job) }, completion: { _ in done.resume() })
            }
          }
        }
      }
    }
    #expect(rounds < 200)
    await withCheckedContinuation { done in
      queue.submit(octets: 1, work: { $0.values.append(5) }, completion: { _ in done.resume() })
    }
    #expect(queue.close())
    let committed = ledger.state.withLock { $0.batches.flatMap { $0 } }
    #expect(committed.sorted() == (1...4).flatMap { Array(repeating: $0, count: rounds) } + [5])
  }

  @Test("what waits while a transaction runs shares the next one, in the order of its arrival")
  func sharing() {
    let ledger = Ledger()
    let queue = ledger.queue()
    let results = together(Array(1...100), on: queue)
    #expect(results.allSatisfy { (try? $0.get()) != nil } && results.count == 100)
    #expect(ledger.state.withLock { $0.batches } == [[], Array(1...100)])
    #expect(queue.commits == 2)
    #expect(queue.close())
  }

  @Test("a batch ends at its number of mails and at its octets")
  func bounds() {
    let ledger = Ledger()
    var limits = StoreLimits()
    limits.batchMails = 40
    limits.batchOctets = 300
    let queue = ledger.queue(limits)
    _ = together(Array(1...100), on: queue)
    _ = together(Array(1...7), octets: 100, on: queue)
    let sizes = ledger.state.withLock { $0.batches.map(\.count) }
    #expect(sizes.filter { $0 > 0 } == [40, 40, 20, 3, 3, 1])
    #expect(queue.close())
  }

  @Test("one bad job fails alone; the others of its batch succeed")
  func poison() {
    let ledger = Ledger()
    ledger.state.withLock { $0.poison = [3] }
    let queue = ledger.queue()
    let results = together(Array(1...5), on: queue)
    #expect(results.map { (try? $0.get()) != nil } == [true, true, false, true, true])
    #expect(ledger.state.withLock { $0.batches.flatMap { $0 } } == [1, 2, 4, 5])
    #expect(queue.close())
  }

  @Test("when the store itself is in trouble, a batch is given up after three tries and not after each of its mails")
  func trouble() {
    let ledger = Ledger()
    let queue = ledger.queue()
    ledger.state.withLock { $0.failure = StoreFailure(.ioError, "the disk is gone") }
    let results = together(Array(1...100), on: queue)
    #expect(results.count == 100)
    for result in results { #expect(throws: StoreFailure(.ioError, "the disk is gone")) { try result.get() } }
    // The gate, the batch, and three alone.
    #expect(ledger.state.withLock { $0.attempts } == 5)
    ledger.state.withLock { $0.failure = nil }
    #expect(together([7], on: queue).map { (try? $0.get()) } == [7])
    #expect(queue.close())
  }

  @Test("what is more than the memory may hold is refused at once; a single large mail is not")
  func backpressure() {
    let ledger = Ledger()
    var limits = StoreLimits()
    limits.pendingOctets = 100
    let queue = ledger.queue(limits)
    let results = together([1, 2, 3], octets: 60, on: queue)
    #expect(results.map { (try? $0.get()) != nil } == [true, false, false])
    #expect(together([4], octets: 1000, on: queue).map { (try? $0.get()) } == [4])
    #expect(queue.close())
  }

  @Test("slow preparation holds nobody up, and a job whose preparation fails never reaches a transaction")
  func preparation() {
    let ledger = Ledger()
    let queue = ledger.queue()
    let gate = DispatchSemaphore(value: 0)
    let done = DispatchGroup()
    let prepared = Mutex<Result<Int, StoreFailure>?>(nil)
    let failed = Mutex<Result<Int, StoreFailure>?>(nil)
    done.enter()
    queue.submit(octets: 1) {
      gate.wait()
    } work: { page, _ in
      page.values.append(1)
      return 1
    } completion: { result in
      prepared.withLock { $0 = result }
      done.leave()
    }
    #expect(together([2], on: queue).map { try? $0.get() } == [2])
    gate.signal()
    done.wait()
    done.enter()
    queue.submit(octets: 1) {
      throw StoreFailure(.diskFull, "no room")
    } work: { (page: Ledger.Page, _: Void) in
      page.values.append(3)
      return 3
    } completion: { result in
      failed.withLock { $0 = result }
      done.leave()
    }
    done.wait()
    #expect(prepared.withLock { try? $0?.get() } == 1)
    #expect(throws: StoreFailure(.diskFull, "no room")) { try failed.withLock { $0 }?.get() }
    #expect(ledger.state.withLock { $0.batches.flatMap { $0 } } == [2, 1])
    #expect(queue.close())
  }

  @Test(
    "what may wait shares the transaction of what may not, or of enough of its kind, or has one when its time is over",
    arguments: [
      (patience: Duration.seconds(3600), patient: 2, urgent: 1, batches: [[0, 1, 2]]),
      (.seconds(3600), 3, 0, [[0, 1, 2]]),
      (.milliseconds(20), 1, 0, [[0]]),
    ])
  func patience(_ patience: Duration, patient: Int, urgent: Int, batches: [[Int]]) {
    let ledger = Ledger()
    var limits = StoreLimits()
    limits.patience = patience
    limits.patientJobs = 3
    let queue = ledger.queue(limits)
    let done = DispatchGroup()
    for value in 0..<patient + urgent {
      done.enter()
      queue.submit(octets: 0, isPatient: value < patient) {
        $0.values.append(value)
      } completion: { _ in
        done.leave()
      }
    }
    done.wait()
    #expect(ledger.state.withLock { $0.batches } == batches)
    _ = queue.close()
  }

  @Test("closing does not wait for the company of what may wait")
  func closingWithPatience() {
    let ledger = Ledger()
    var limits = StoreLimits()
    limits.patience = .seconds(3600)
    let queue = ledger.queue(limits)
    queue.submit(octets: 0, isPatient: true) {
      $0.values.append(1)
    } completion: { _ in
    }
    _ = queue.close()
    #expect(ledger.state.withLock { $0.batches } == [[1]])
  }

  @Test("closing finishes everything that was admitted, prepared or not, and refuses what comes later")
  func closing() {
    let ledger = Ledger()
    let queue = ledger.queue()
    let answers = Mutex<[Int: Bool]>([:])
    for job in 1...20 {
      queue.submit(octets: 1) {
        job
      } work: { page, value in
        page.values.append(value)
        return value
      } completion: { result in
        answers.withLock { $0[job] = (try? result.get()) != nil }
      }
    }
    #expect(queue.close())
    #expect(ledger.state.withLock { $0.finishes } == 1)
    #expect(answers.withLock { $0.count == 20 && $0.values.allSatisfy { $0 } })
    #expect(!queue.close())
    #expect(ledger.state.withLock { $0.finishes } == 1)
    let late = DispatchSemaphore(value: 0)
    let refusal = Mutex<StoreFailure.Kind?>(nil)
    queue.submit(octets: 1) {
      $0.values.append(99)
    } completion: { result in
      if case .failure(let failure) = result { refusal.withLock { $0 = failure.kind } }
      late.signal()
    }
    late.wait()
    #expect(refusal.withLock { $0 } == .closed)
  }

  @Test("a callback that is called very often costs no more stack than one that is called once")
  func callback() {
    let count = Mutex(0)
    let callback = Handler<Int>()
    callback.set { number in count.withLock { $0 += number } }
    for _ in 0..<100_000 { callback(1) }
    #expect(count.withLock { $0 } == 100_000)
  }
}
