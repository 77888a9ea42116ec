package import Logging

/// The keys of the fields of a line of the log. Admins filter by the raw values.
package enum LogKey: String, Sendable {
  case address, answer, attempts, cause, change, changed, client, connections, effect, endpoint, engine, error, errors
  case file, files, fingerprint, how, id, key, kind, limit, lost, mails, mended, new, octets, old, place = "at"
  case problem, proxy, reason, recipients, recovered, rejected, reply, rule, session, site, size, status, told, until
  case user, version, waiting
  case failedFor = "failed_for"
  case heldBack = "held_back"
  case nextHop = "next_hop"
  case setAside = "set_aside"
  case tookUntil = "took_until"
  /// The sender in angle brackets.
  case sender = "from"
  /// The recipients in angle brackets, with commas between them.
  case recipient = "to"
}

/// The fields of a line of the log, by key.
package typealias LogFields = [LogKey: String]

extension Logger {
  /// Logs an event. The fields are made only if the line is written.
  package func event(_ level: Level, _ verb: LogVerb, _ fields: @autoclosure () -> LogFields = [:]) {
    guard level >= logLevel else { return }
    let pairs = fields().map { ($0.key.rawValue, MetadataValue.string($0.value)) }
    log(level: level, "\(verb.rawValue)", metadata: Dictionary(uniqueKeysWithValues: pairs))
  }
}
