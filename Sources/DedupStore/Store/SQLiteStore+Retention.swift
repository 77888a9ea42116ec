import DedupCore
import Dispatch
import GRDB
import MailMessage
import Synchronization

extension SQLiteStore {
  func startRetention() {
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
      // At less than one commit a second there are idle moments in between.
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
        // Windows are not based on samples.
        if work.kind != .samples { try batch.windows.flushAndForget(batch.db) }
        batch.effects.orphans += try purge.carryOut(work, batch.db)
      } completion: { result in
        if case .success = result { isDone.store(true, ordering: .relaxed) }
        done.signal()
      }
      done.wait()
      return isDone.load(ordering: .relaxed)
    }
  }
}
