import Dispatch
import Fingerprint
import Synchronization

/// Judges mails, and counts all that wait with one sync before it has them answered.
final class Ledger: Sendable {
  private struct Entry: Sendable {
    let mail: [UInt8]
    let answer: @Sendable () -> Void
  }

  private let reader = ReportReader()
  private let waiting = Mutex<[Entry]>([])
  private let wake = DispatchSemaphore(value: 0)

  /// - Parameter answer: called once the mail is counted.
  func add(_ mail: [UInt8], answer: @escaping @Sendable () -> Void) {
    let isFirst = waiting.withLock { waiting in
      waiting.append(Entry(mail: mail, answer: answer))
      return waiting.count == 1
    }
    if isFirst { wake.signal() }
  }

  /// - Parameter keep: makes it durable that there are so many more.
  func run(keep: (Int) -> Bool) {
    while true {
      wake.wait()
      let batch = waiting.withLock { waiting in
        defer { waiting = [] }
        return waiting
      }
      for entry in batch {
        guard case .report = reader.judge(entry.mail) else { fatalError("the load is to send error reports") }
      }
      guard keep(batch.count) else { fatalError("the count cannot be kept") }
      for entry in batch { entry.answer() }
    }
  }
}
