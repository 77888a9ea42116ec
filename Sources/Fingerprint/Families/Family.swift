/// A root cause that shows in every view, task and command at once. The admin wants one mail for it, wherever it hits.
///
/// Deliberately not families: statement timeout, lock timeout, deadlock, IntegrityError, DoesNotExist, ValidationError.
/// They belong to the code that ran into them.
package enum Family: String, Sendable, CaseIterable, Codable {
  case databaseSlots = "database-slots"
  case databasePool = "database-pool"
  case databaseDown = "database-down"
  case databaseLost = "database-connection-lost"
  case databaseAccess = "database-access-refused"
  case databaseReadOnly = "database-read-only"
  case databaseDiskFull = "database-disk-full"
  case databaseMemory = "database-out-of-memory"
  case databaseLocked = "database-locked"
  case databaseDamaged = "database-damaged"
  case databaseRefusal = "database-refuses-connection"
  case missingRelation = "missing-relation"
  case diskFull = "disk-full"
  case diskFails = "disk-fails"
  case fileDescriptors = "no-file-descriptors"
  case outOfMemory = "out-of-memory"
  case cacheDown = "cache-down"
  case cacheMemory = "cache-out-of-memory"
  case cacheReadOnly = "cache-read-only"
  case cacheAccess = "cache-access-refused"
  case cacheDisk = "cache-cannot-save"
  case brokerDown = "broker-down"
  case mailServerDown = "mail-server-down"
  case mailAccess = "mail-server-refuses-access"
  case nameResolution = "name-resolution"
  case certificate = "tls-certificate"
  case hostUnreachable = "host-unreachable"
  case hostSlow = "host-slow"
  case workerKilled = "worker-killed"
  case clientGone = "client-gone"
  case disallowedHost = "disallowed-host"
  case missingTemplate = "missing-template"
  case missingModule = "missing-module"

  /// The name of the family in lists.
  package var title: String {
    switch self {
    case .databaseSlots: "database slots exhausted"
    case .databasePool: "database connection pool exhausted"
    case .databaseDown: "database down"
    case .databaseLost: "database connection lost"
    case .databaseAccess: "database refuses access"
    case .databaseReadOnly: "database is read-only"
    case .databaseDiskFull: "database's disk is full"
    case .databaseMemory: "database is out of memory"
    case .databaseLocked: "database file is locked"
    case .databaseDamaged: "database is damaged"
    case .databaseRefusal: "database refuses the connection"
    case .missingRelation: "missing table or column"
    case .diskFull: "disk full"
    case .diskFails: "disk fails or is read-only"
    case .fileDescriptors: "no file descriptors left"
    case .outOfMemory: "out of memory"
    case .cacheDown: "cache down"
    case .cacheMemory: "cache is out of memory"
    case .cacheReadOnly: "cache is read-only"
    case .cacheAccess: "cache refuses access"
    case .cacheDisk: "cache cannot save to its disk"
    case .brokerDown: "message broker down"
    case .mailServerDown: "mail server down"
    case .mailAccess: "mail server refuses access"
    case .nameResolution: "name resolution fails"
    case .certificate: "TLS certificate not accepted"
    case .hostUnreachable: "host not reachable"
    case .hostSlow: "host does not answer in time"
    case .workerKilled: "worker killed"
    case .clientGone: "client went away"
    case .disallowedHost: "host not allowed"
    case .missingTemplate: "missing template"
    case .missingModule: "missing module"
    }
  }

  /// True if an endpoint or a name tells the failures of this family apart. Without one such an error has no family:
  /// two different hosts must not hide each other.
  var needsSubject: Bool {
    switch self {
    case .hostUnreachable, .hostSlow, .missingRelation, .missingTemplate, .missingModule, .certificate: true
    default: false
    }
  }
}
