import Logging

/// The events in the listener's log, one verb per event, so that log lines can be counted.
enum LogVerb: String {
  case listening
  case connected
  case disconnected
  /// A PROXY header was read.
  case proxied
  /// A connection was not admitted.
  case refused
  /// A command or message got a 4xx or 5xx reply.
  case rejected
  /// We closed a connection.
  case closed
  /// TLS is established.
  case secured
  /// A client logged in (`authenticated`) or failed to (`loginFailed`).
  case authenticated
  case loginFailed = "login-failed"
  /// Plain-text octets followed STARTTLS.
  case suspicious
  /// A file was read again.
  case reloaded
  /// A changed file cannot be used; the content read before is kept.
  case keptOld = "kept-old"
  /// An endpoint was closed to make way for a new one that could not be bound, and then could not be reopened.
  case notReopened = "not-reopened"
  /// Accept failed, mostly for lack of descriptors; clients wait in the kernel's queue.
  case acceptPaused = "accept-paused"
  /// Some event loops could not listen at an address.
  case notShared = "not-shared"
  case stopped
  /// A large message could not be stored.
  case notKept = "not-kept"
}

/// The keys of log metadata.
enum LogKey: String {
  case session, client, proxy, endpoint, reason, reply, recipients, error, connections, user, octets, file
  /// The sender's key, the same as in the log lines of accepted mail.
  case sender = "from"
}

extension Logger {
  func event(_ level: Level, _ verb: LogVerb, _ metadata: @autoclosure () -> [LogKey: String]) {
    guard level >= logLevel else { return }
    let pairs = metadata().map { ($0.key.rawValue, MetadataValue.string($0.value)) }
    log(level: level, "\(verb.rawValue)", metadata: Dictionary(uniqueKeysWithValues: pairs))
  }
}
