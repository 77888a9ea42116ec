import MailMessage

/// The beginning of a family's reason, in the words of the code that raises it.
struct FamilyPhrase: Sendable {
  let family: Family
  /// The engine that uses the phrase, or nil if the phrase does not tell.
  let engine: Engine?
  /// The numbers of MySQL, which are compared instead of words: its sentences are translated and reworded, its numbers
  /// are not.
  let codes: [Int]
  let starts: [StaticString]
  /// The phrases of which the first line also has to contain one, after a name that varies.
  let within: [StaticString]

  init(
    _ family: Family, _ engine: Engine? = nil, codes: [Int] = [], starts: [StaticString] = [],
    within: [StaticString] = []
  ) {
    self.family = family
    self.engine = engine
    self.codes = codes
    self.starts = starts
    self.within = within
  }

  /// True if one of the reasons begins like this. Reads at most the first line, and that only if the beginning fits.
  func matches(_ text: borrowing Span<UInt8>, _ failure: FailureText) -> Bool {
    if !codes.isEmpty {
      guard let code = failure.code, codes.contains(code) else { return false }
    }
    for reason in failure.reasons {
      if !starts.isEmpty, !starts.contains(where: { text.has($0, at: reason.lowerBound, before: reason.upperBound) }) {
        continue
      }
      if within.isEmpty { return true }
      let line = text.line(at: reason.lowerBound, before: Swift.min(reason.upperBound, reason.lowerBound + 1000))
      if within.contains(where: { text.firstIndex(of: $0, in: line) != nil }) { return true }
    }
    return false
  }
}

/// The phrases, special ones before general ones: the first match wins.
enum FamilyTable {
  /// The phrases of database drivers, raised in a driver or in `django/db`.
  static let database: [FamilyPhrase] = [
    // PostgreSQL `src/backend/utils/init/postinit.c` and `proc.c`; PgBouncer `objects.c`.
    FamilyPhrase(
      .databaseSlots, .postgreSQL,
      starts: [
        "remaining connection slots are reserved", "sorry, too many clients already", "too many connections for ",
        "no more connections allowed", "tut mir leid, schon zu viele", "désolé, trop de clients",
        "lo siento, ya tenemos demasiados clientes",
      ]),
    FamilyPhrase(.databaseSlots, .mySQL, codes: [1040, 1203]),
    FamilyPhrase(.databaseSlots, .mySQL, codes: [1226], within: ["max_user_connections"]),
    FamilyPhrase(
      .databasePool,
      starts: ["couldn't get a connection after", "QueuePool limit of size", "connection pool exhausted"]),
    FamilyPhrase(
      .databaseDiskFull, .postgreSQL, starts: ["could not "],
      within: ["No space left on device", "Disk quota exceeded"]),
    FamilyPhrase(.databaseDiskFull, .mySQL, codes: [1021]),
    FamilyPhrase(.databaseDiskFull, .mySQL, codes: [3, 14, 1026], within: ["No space left on device"]),
    FamilyPhrase(.databaseDiskFull, .sqlite, starts: ["database or disk is full"]),
    FamilyPhrase(
      .databaseReadOnly, .postgreSQL, starts: ["cannot execute "], within: [" in a read-only transaction"]),
    FamilyPhrase(.databaseReadOnly, .mySQL, codes: [1290], within: ["read-only option"]),
    FamilyPhrase(.databaseReadOnly, .mySQL, codes: [1836]),
    FamilyPhrase(.databaseReadOnly, .sqlite, starts: ["attempt to write a readonly database"]),
    FamilyPhrase(.databaseMemory, .mySQL, codes: [1037, 1041]),
    FamilyPhrase(
      .databaseMemory,
      starts: [
        "out of memory", "out of shared memory", "could not resize shared memory", "Cannot allocate memory",
        "could not fork new process for connection: Cannot allocate memory",
      ]),
    FamilyPhrase(.databaseAccess, .mySQL, codes: [1044, 1045, 1698]),
    FamilyPhrase(
      .databaseAccess, .postgreSQL,
      starts: [
        "password authentication failed", "no pg_hba.conf entry", "Peer authentication failed",
        "Ident authentication failed", "fe_sendauth: no password supplied", "no password supplied",
      ]),
    FamilyPhrase(.databaseAccess, .postgreSQL, starts: ["role "], within: ["is not permitted to log in"]),
    FamilyPhrase(
      .nameResolution,
      starts: ["could not translate host name", "failed to resolve host", "[Errno -2]", "[Errno -3]", "[Errno -5]"]),
    FamilyPhrase(.nameResolution, .mySQL, codes: [2005]),
    FamilyPhrase(.nameResolution, .mySQL, codes: [2003], within: ["[Errno -2]", "[Errno -3]", "[Errno -5]"]),
    FamilyPhrase(.databaseLost, .mySQL, codes: [2006, 2013]),
    FamilyPhrase(
      .databaseLost, .postgreSQL,
      starts: [
        "server closed the connection unexpectedly", "terminating connection due to", "connection already closed",
        "SSL connection has been closed unexpectedly", "the connection is closed", "the connection is lost",
        "connection was closed in the middle of operation", "could not receive data from server",
        "could not send data to server", "SSL SYSCALL error", "no connection to the server",
      ]),
    FamilyPhrase(.databaseDown, .mySQL, codes: [2002, 2003]),
    FamilyPhrase(
      .databaseDown, .postgreSQL,
      starts: [
        "the database system is ", "connection timeout expired", "timeout expired", "server login has been failing",
        "server conn crashed?", "the database server is not accepting",
      ]),
    FamilyPhrase(.databaseDown, .sqlite, starts: ["unable to open database file"]),
    FamilyPhrase(.databaseDown, starts: refused),
    FamilyPhrase(
      .missingRelation, .postgreSQL, starts: ["relation ", "column ", "table "], within: [" does not exist"]),
    FamilyPhrase(.missingRelation, .sqlite, starts: ["no such table: ", "no such column: "]),
    FamilyPhrase(.missingRelation, .sqlite, starts: ["table "], within: [" has no column named "]),
    FamilyPhrase(.missingRelation, .mySQL, codes: [1054, 1146]),
  ]

  /// The phrases that only count after `connection to server … failed: `: PostgreSQL's answers in other languages,
  /// which do not begin with the phrase, and a socket on which no server listens.
  static let databaseAnswers: [FamilyPhrase] = [
    FamilyPhrase(.databaseDown, .postgreSQL, starts: ["No such file or directory"]),
    FamilyPhrase(
      .databaseSlots, .postgreSQL,
      within: [
        "Verbindungen sind für", "emplacements de connexion restants", "conexiones restantes están reservadas",
        "conexões estão reservados", "posti di connessione rimanenti", "уже слишком много клиентов",
        "слоты подключений зарезервированы",
      ]),
  ]

  /// The phrases of Python's system errors (`OSError`), raised by a call.
  static let system: [FamilyPhrase] = [
    FamilyPhrase(.diskFull, starts: ["[Errno 28]", "[Errno 122]", "No space left on device"]),
    FamilyPhrase(.fileDescriptors, starts: ["[Errno 24]", "[Errno 23]", "Too many open files"]),
    FamilyPhrase(.outOfMemory, starts: ["[Errno 12]", "Cannot allocate memory"]),
  ]

  /// The phrases of clients of other servers, raised in the client, or in Python's sockets below one.
  static let network: [FamilyPhrase] = [
    FamilyPhrase(
      .certificate,
      starts: [
        "[SSL: CERTIFICATE_VERIFY_FAILED]", "certificate verify failed",
        "bad handshake: Error([('SSL routines', 'tls_process_server_certificate', 'certificate verify failed'",
      ]),
    FamilyPhrase(
      .certificate, starts: ["Cannot connect to host ", "SSL validation failed for "],
      within: ["CERTIFICATE_VERIFY_FAILED"]),
    FamilyPhrase(
      .nameResolution,
      starts: [
        "[Errno -2]", "[Errno -3]", "[Errno -5]", "[Errno 11001]", "Failed to resolve ", "NameResolutionError(",
        "Name or service not known", "Temporary failure in name resolution", "Name does not resolve",
        "No address associated with hostname", "getaddrinfo failed", "nodename nor servname",
        "Error -2 connecting to ", "Error -3 connecting to ", "Error -5 connecting to ",
      ]),
    FamilyPhrase(
      .nameResolution, starts: ["Cannot connect to host "],
      within: ["[Name or service not known]", "[Temporary failure in name resolution]"]),
    FamilyPhrase(
      .hostSlow,
      starts: [
        "Read timed out", "The read operation timed out", "ReadTimeoutError(", "Timeout reading from",
        "Read timeout on endpoint URL",
      ]),
    FamilyPhrase(
      .hostUnreachable,
      starts: refused + [
        "timed out", "The write operation timed out", "The handshake operation timed out", "ConnectTimeoutError(",
        "Connection aborted", "ConnectionResetError(", "ProtocolError(", "ProxyError(", "RemoteDisconnected",
        "Remote end closed connection", "Could not connect to the endpoint", "Cannot connect to ",
        "All connection attempts failed", "Connection closed by server", "Server disconnected",
        "Connection unexpectedly closed", "Connect timeout", "Timeout connecting to", "Connection broken",
        "Error while reading from ", "Redis is loading", "LOADING Redis is loading", "MISCONF Redis",
        "[WinError 10061]", "Max number of clients reached", "max number of clients reached",
      ]),
    FamilyPhrase(.hostUnreachable, starts: ["Connection to "], within: [" timed out"]),
    FamilyPhrase(.hostUnreachable, starts: ["_ssl.c:"], within: ["handshake operation timed out"]),
  ]

  /// The phrases for a connection that the system could not make.
  private static let refused: [StaticString] = [
    "Connection refused", "[Errno 111]", "[Errno 110]", "[Errno 113]", "[Errno 101]", "[Errno 104]", "[Errno 112]",
    "Connection timed out", "No route to host", "Network is unreachable", "Host is unreachable",
    "Connection reset by peer", "Connect call failed", "Error 111 connecting to ", "Error 113 connecting to ",
    "Error 110 connecting to ", "Error 101 connecting to ",
  ]
}
