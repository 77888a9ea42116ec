import Dispatch
import Synchronization

/// A mail to be explained, with the packages known to belong to its site.
struct Unexplained {
  var message: [UInt8]
  var packages: [String]
}

/// Explains new fingerprints off the path of the mail: no client's 250 reply waits for it.
///
/// Work that is dropped (more than 64 at a time, a crash) is made up for when the next mail of the fingerprint arrives.
final class Explainer: Sendable {
  private static let mostWaiting = 64
  private static let longestText = 64 << 10

  private let explain: @Sendable ([UInt8], [String]) -> String
  private let waiting = Mutex(Set<Int64>())
  private let queue = DispatchQueue(label: "dedup-store-explain", qos: .utility)

  init(_ explain: @escaping @Sendable ([UInt8], [String]) -> String) { self.explain = explain }

  /// Explains each message and passes the text to `keep` with the row of its fingerprint. `keep` has to call `done`
  /// itself once the text is stored, so that no mail in between asks for it again.
  func schedule(_ messages: [Int64: Unexplained], keep: @escaping @Sendable (Int64, String) -> Void) {
    for (fingerprint, message) in messages {
      let isNew = waiting.withLock { waiting in
        waiting.count < Self.mostWaiting && waiting.insert(fingerprint).inserted
      }
      guard isNew else { continue }
      queue.async { [self] in keep(fingerprint, text(message)) }
    }
  }

  func done(_ fingerprint: Int64) { waiting.withLock { _ = $0.remove(fingerprint) } }

  func text(_ mail: Unexplained) -> String { String(explain(mail.message, mail.packages).prefix(Self.longestText)) }

  /// Returns when everything scheduled so far was passed on.
  func finish() { queue.sync {} }
}
