package import Logging

extension Logger {
  /// A logger for tests that are not about the log: it writes nothing.
  package static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
