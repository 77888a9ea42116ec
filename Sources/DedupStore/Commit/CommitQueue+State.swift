import Dispatch
import DedupCore
import Foundation
import Glibc
import Synchronization

extension CommitQueue {
  struct Job: Sendable {
    var octets: Int
    /// The time until which it may wait for others; nil if it may not wait.
    var patience: ContinuousClock.Instant?
    /// Does what is done once for the job, on the thread that answers it, and returns the rest.
    var begin: @Sendable () -> BegunJob
  }

  /// A job in the hands of the thread that answers it. It is not Sendable, so what it keeps needs no lock.
  struct BegunJob {
    var octets: Int
    /// Does the job; may be called again if the transaction failed. Returns the closure to call once it is durable.
    var work: (Context) throws -> () -> Void
    var fail: (StoreFailure) -> Void
  }

  struct State {
    var ready: [Job] = []
    /// The number of jobs in `ready` that may wait.
    var patient = 0
    /// The octets of all jobs that were not answered yet.
    var octets = 0
    var preparing = 0
    var isClosing = false
    var isAsleep = false
    var gathering = Gathering()
    var meter = CommitMeter()

    mutating func add(_ job: Job) {
      ready.append(job)
      if job.patience != nil { patient += 1 }
    }

    /// Returns true if the writer thread has to be woken.
    mutating func wakes() -> Bool {
      if gathering.isWaiting(for: ready.count - patient), !isClosing { return false }
      defer { isAsleep = false }
      return isAsleep
    }

    /// True if no more jobs will come.
    private var isDone: Bool { ready.isEmpty && isClosing && preparing == 0 }

    /// True if there is work for the writer thread.
    var calls: Bool { !ready.isEmpty || isDone }

    mutating func step(_ limits: StoreLimits, arriving: Int) -> Step {
      isAsleep = false
      if ready.isEmpty { return isDone ? .stop : .sleep }
      if let until = ready.first?.patience, patient == ready.count, patient < limits.patientJobs, !isClosing {
        let left = ContinuousClock.now.duration(to: until)
        isAsleep = left > .zero
        if isAsleep { return .rest(left) }
      }
      if !isClosing, let left = gathering.wait(mails: ready.count - patient, arriving: arriving, at: .now) {
        isAsleep = true
        return .rest(left)
      }
      var count = 0
      var octets = 0
      while count < ready.count, count < limits.batchMails, octets < limits.batchOctets {
        octets += ready[count].octets
        count += 1
      }
      let batch = Array(ready.prefix(count))
      ready.removeFirst(count)
      patient -= batch.count { $0.patience != nil }
      return .commit(batch)
    }
  }

  enum Step {
    case commit([Job])
    /// Only jobs that may wait are there, or more are about to come.
    case rest(Duration)
    case sleep
    case stop
  }
}
