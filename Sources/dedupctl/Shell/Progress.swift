import Foundation

/// The progress of a long task, shown on a terminal at most twice a second, and never in a pipe.
final class Progress {
  private let verb: String
  private let isShown = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) != 1
  private var count = 0
  private var shownAt = ContinuousClock.now

  /// Creates the progress of a task that starts now.
  ///
  /// - Parameter verb: The name of the task in the past, e.g. `exported`.
  init(_ verb: String) { self.verb = verb }

  func add(_ more: Int) {
    count += more
    guard isShown, shownAt.duration(to: .now) > .milliseconds(500) else { return }
    shownAt = .now
    Output.prompt("\r\(count) \(verb)")
  }

  func end() {
    if isShown { Output.prompt("\r\(count) \(verb)\n") }
  }
}
