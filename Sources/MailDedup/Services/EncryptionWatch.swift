import DedupCore
import EventLog
import HostSystem
import Logging
import Synchronization

/// A watch that logs what is wrong with the admins' certificates, or soon will be: as soon as it is noticed, and once a
/// day.
final class EncryptionWatch: Sendable {
  private struct Told: Equatable {
    var problems: [String]
    var warnings: [String]
  }

  private let destinations: Live<Destinations>
  private let logger: Logger
  private let last = Mutex<(told: Told, at: Timestamp)?>(nil)

  private static let pause = Duration.seconds(86_400)

  init(destinations: Live<Destinations>, logger: Logger) {
    self.destinations = destinations
    self.logger = logger
  }

  func look(now: Timestamp = WallClock.now()) {
    let encryption = destinations.value.encryption
    let told = Told(problems: encryption.problems(at: now), warnings: encryption.warnings(at: now))
    guard isNews(told, now) else { return }
    let effect = encryption.reasonForClear(at: now) == nil ? "it is still encrypted to" : "error mail leaves in clear"
    for problem in told.problems {
      logger.event(.error, .certificateUnusable, [.problem: "\(problem)", .effect: "\(effect)"])
    }
    for warning in told.warnings { logger.event(.warning, .certificate, [.problem: "\(warning)"]) }
  }

  private func isNews(_ told: Told, _ now: Timestamp) -> Bool {
    last.withLock { last in
      if let last, last.told == told, (.zero..<Self.pause).contains(now.since(last.at)) { return false }
      last = (told, now)
      return true
    }
  }
}
