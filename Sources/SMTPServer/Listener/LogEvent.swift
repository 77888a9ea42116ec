import Logging

/// What the listener can say, one verb an event, so that a log can be counted.
enum LogVerb: String {
  case listening
  case connected
  case disconnected
  /// A PROXY header was read.
  case proxied
  /// A connection that was not let in.
  case refused
  /// A command or message that was answered with 4xx or 5xx.
  case rejected
  /// A connection that we ended.
  case closed
  /// TLS is on.
  case secured
  /// A client logged in, or could not.
  case authenticated
  case loginFailed = "login-failed"
  /// Octets in plain text behind STARTTLS, or a handshake that failed.
  case suspicious
  /// A file was read again.
  case reloaded
  /// A changed file cannot be used; what was read before is kept.
  case keptOld = "kept-old"
  /// An endpoint that was closed for a new one that then could not be bound.
  case notReopened = "not-reopened"
  /// Accept failed, mostly for want of descriptors; clients wait in the kernel's queue.
  case acceptPaused = "accept-paused"
  /// An address at which not every event loop could listen.
  case notShared = "not-shared"
  case stopped
  /// A large message for which there was no room.
  case notKept = "not-kept"
}

/// The keys of log metadata.
enum LogKey: String {
  case session, client, proxy, endpoint, reason, reply, recipients, error, connections, user, octets, file
  /// As the lines of mails that were taken have it.
  case sender = "from"
}

extension Logger {
  func event(_ level: Level, _ verb: LogVerb, _ metadata: @autoclosure () -> [LogKey: String]) {
    guard level >= logLevel else { return }
    let pairs = metadata().map { ($0.key.rawValue, MetadataValue.string($0.value)) }
    log(level: level, "\(verb.rawValue)", metadata: Dictionary(uniqueKeysWithValues: pairs))
  }
}
