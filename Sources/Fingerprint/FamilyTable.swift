/// Which texts, raised by which types, belong to which family. First match wins, so the special stands before the
/// general.
struct FamilyRule: Sendable {
  /// What kind of exception may say so. A text alone is never enough: people write all sorts of messages.
  enum Gate: Sendable {
    /// `OperationalError` and its relatives, or raised inside a database driver.
    case database
    /// `OSError`, `IOError` and their children.
    case system
    /// Raised while connecting: `ConnectionError`, `Timeout`, `URLError` … or an `OSError`.
    case network
    /// The named type, whatever the text.
    case type(StaticString)
    /// Any type, also none: the text is Django's own.
    case any
  }

  let family: Family
  let gate: Gate
  /// The message contains one of these.
  let texts: [StaticString]
}

enum FamilyTable {
  static let rules: [FamilyRule] = [
    // Django, `django/http/request.py`; logged by `django.security.DisallowedHost`.
    FamilyRule(family: .disallowedHost, gate: .any, texts: ["Invalid HTTP_HOST header: "]),
    FamilyRule(family: .clientGone, gate: .type("UnreadablePostError"), texts: []),
    FamilyRule(family: .missingTemplate, gate: .type("TemplateDoesNotExist"), texts: []),
    FamilyRule(family: .missingModule, gate: .type("ModuleNotFoundError"), texts: ["No module named "]),
    FamilyRule(family: .missingModule, gate: .type("ImportError"), texts: ["No module named "]),
    FamilyRule(family: .outOfMemory, gate: .type("MemoryError"), texts: []),
    FamilyRule(family: .workerKilled, gate: .type("WorkerLostError"), texts: []),

    // PostgreSQL `src/backend/utils/init/postinit.c` and `proc.c`; MySQL 1040, 1203; PgBouncer `objects.c`.
    FamilyRule(
      family: .databaseSlots, gate: .database,
      texts: [
        "remaining connection slots are reserved", "sorry, too many clients already", "too many connections for ",
        "Too many connections", "max_user_connections", "no more connections allowed", "max_client_conn",
        "too many clients", "TooManyConnections", "53300",
        // The same sentence as PostgreSQL says it under lc_messages = de, fr, es, pt, it, ru.
        "Verbindungen sind für", "tut mir leid, schon zu viele", "emplacements de connexion restants",
        "désolé, trop de clients", "conexiones restantes están reservadas", "lo siento, ya tenemos demasiados clientes",
        "conexões estão reservados", "posti di connessione rimanenti", "уже слишком много клиентов",
        "слоты подключений зарезервированы",
      ]),
    FamilyRule(
      family: .databasePool, gate: .database,
      texts: ["couldn't get a connection after", "QueuePool limit of size", "connection pool exhausted"]),
    FamilyRule(
      family: .databaseDiskFull, gate: .database,
      texts: ["No space left on device", "database or disk is full", "Disk full (", "Disk quota exceeded"]),
    FamilyRule(
      family: .databaseReadOnly, gate: .database,
      texts: [
        "in a read-only transaction", "attempt to write a readonly database", "--read-only option",
        "in a read-only mode", "super-read-only option",
      ]),
    FamilyRule(
      family: .databaseMemory, gate: .database,
      texts: ["out of memory", "out of shared memory", "could not resize shared memory", "Cannot allocate memory"]),
    FamilyRule(
      family: .databaseAccess, gate: .database,
      texts: [
        "password authentication failed", "no pg_hba.conf entry", "Access denied for user",
        "Peer authentication failed",
        "Ident authentication failed", "no password supplied", "is not permitted to log in",
      ]),
    FamilyRule(
      family: .nameResolution, gate: .database,
      texts: [
        "could not translate host name", "failed to resolve host", "Unknown MySQL server host", "[Errno -2]",
        "[Errno -3]",
      ]),
    FamilyRule(
      family: .databaseLost, gate: .database,
      texts: [
        "server closed the connection unexpectedly", "terminating connection due to", "connection already closed",
        "SSL connection has been closed unexpectedly", "Lost connection to MySQL server",
        "MySQL server has gone away", "Server has gone away", "the connection is closed", "the connection is lost",
        "connection was closed in the middle of operation", "could not receive data from server",
        "SSL SYSCALL error", "consuming input failed", "no connection to the server",
      ]),
    FamilyRule(
      family: .databaseDown, gate: .database,
      texts: [
        "Is the server running", "could not connect to server", "Connection refused", "the database system is ",
        "Can't connect to ", "Connection timed out", "connection timeout expired", "timeout expired",
        "No route to host", "Network is unreachable", "Host is unreachable", "not yet accepting connections",
        "unable to open database file", "server login has been failing", "server conn crashed?",
        "Connection reset by peer", "the database server is not accepting",
      ]),
    FamilyRule(
      family: .missingRelation, gate: .database,
      texts: [
        "does not exist", "no such table: ", "no such column: ", "Unknown column ", "doesn't exist",
        "has no column named ",
      ]),

    FamilyRule(
      family: .diskFull, gate: .system, texts: ["[Errno 28]", "No space left on device", "[Errno 122]"]),
    FamilyRule(
      family: .fileDescriptors, gate: .system, texts: ["[Errno 24]", "[Errno 23]", "Too many open files"]),
    FamilyRule(family: .outOfMemory, gate: .system, texts: ["[Errno 12]", "Cannot allocate memory"]),

    FamilyRule(
      family: .certificate, gate: .network,
      texts: ["CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "certificate has expired"]),
    FamilyRule(
      family: .nameResolution, gate: .network,
      texts: [
        "Name or service not known", "Temporary failure in name resolution", "No address associated with hostname",
        "getaddrinfo failed", "nodename nor servname", "Failed to resolve", "NameResolutionError", "[Errno -2]",
        "[Errno -3]", "[Errno -5]", "Error -2 connecting", "Error -3 connecting", "Name does not resolve",
      ]),
    FamilyRule(
      family: .hostSlow, gate: .network,
      texts: ["Read timed out", "read operation timed out", "ReadTimeout", "Timeout reading from"]),
    FamilyRule(
      family: .hostUnreachable, gate: .network,
      texts: [
        "Connection refused", "Connect call failed", "Connection timed out", "ConnectTimeoutError", "timed out",
        "No route to host", "Network is unreachable", "Host is unreachable", "Connection reset by peer",
        "Connection aborted", "RemoteDisconnected", "Remote end closed connection", "Failed to establish a new",
        "Could not connect to the endpoint", "Cannot connect to host", "Error 111 connecting", "Error 113 connecting",
        "Error 110 connecting", "All connection attempts failed", "Connection closed by server",
        "Server disconnected", "Connection unexpectedly closed", "Cannot connect to ", "Connect timeout",
        "Timeout connecting to", "Connection broken", "LOADING Redis is loading", "MISCONF Redis", "WinError 10061",
        "Max number of clients reached", "max number of clients reached",
      ]),
  ]
}
