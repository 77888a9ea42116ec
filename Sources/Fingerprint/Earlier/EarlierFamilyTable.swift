/// A rule of versions 1 and 2: the texts, raised by certain types, that belong to a family. They looked for the texts
/// anywhere in the message. The first match wins.
///
/// Frozen: names in stores were made with it. It decides nothing but the name under which an error's history may be
/// found after an upgrade, and only where version 3 finds the same family.
struct EarlierFamilyRule: Sendable {
  /// The kind of exception that a rule accepts. A text alone is never enough: people write all sorts of messages.
  enum Gate: Sendable {
    /// An `OperationalError` or one of its relatives, or an error raised inside a database driver.
    case database
    /// An `OSError`, `IOError` or one of their children.
    case system
    /// An error raised while connecting: `ConnectionError`, `Timeout`, `URLError` … or an `OSError`.
    case network
    /// The named type, whatever the text.
    case type(StaticString)
    /// Any type or none: the text is Django's own.
    case any
  }

  let family: Family
  let gate: Gate
  /// The texts, of which the message has to contain one. If empty, the type is enough.
  let texts: [StaticString]
}

enum EarlierFamilyTable {
  static let rules: [EarlierFamilyRule] = [
    // Django, `django/http/request.py`; logged by `django.security.DisallowedHost`.
    EarlierFamilyRule(family: .disallowedHost, gate: .any, texts: ["Invalid HTTP_HOST header: "]),
    EarlierFamilyRule(family: .clientGone, gate: .type("UnreadablePostError"), texts: []),
    EarlierFamilyRule(family: .missingTemplate, gate: .type("TemplateDoesNotExist"), texts: []),
    EarlierFamilyRule(family: .missingModule, gate: .type("ModuleNotFoundError"), texts: ["No module named "]),
    EarlierFamilyRule(family: .missingModule, gate: .type("ImportError"), texts: ["No module named "]),
    EarlierFamilyRule(family: .outOfMemory, gate: .type("MemoryError"), texts: []),
    EarlierFamilyRule(family: .workerKilled, gate: .type("WorkerLostError"), texts: []),

    // PostgreSQL `src/backend/utils/init/postinit.c` and `proc.c`; MySQL 1040, 1203; PgBouncer `objects.c`.
    EarlierFamilyRule(
      family: .databaseSlots, gate: .database,
      texts: [
        "remaining connection slots are reserved", "sorry, too many clients already", "too many connections for ",
        "Too many connections", "max_user_connections", "no more connections allowed", "max_client_conn",
        "too many clients", "TooManyConnections", "53300",
        // The same sentence in PostgreSQL's translations (lc_messages = de, fr, es, pt, it, ru).
        "Verbindungen sind für", "tut mir leid, schon zu viele", "emplacements de connexion restants",
        "désolé, trop de clients", "conexiones restantes están reservadas", "lo siento, ya tenemos demasiados clientes",
        "conexões estão reservados", "posti di connessione rimanenti", "уже слишком много клиентов",
        "слоты подключений зарезервированы",
      ]),
    EarlierFamilyRule(
      family: .databasePool, gate: .database,
      texts: ["couldn't get a connection after", "QueuePool limit of size", "connection pool exhausted"]),
    EarlierFamilyRule(
      family: .databaseDiskFull, gate: .database,
      texts: ["No space left on device", "database or disk is full", "Disk full (", "Disk quota exceeded"]),
    EarlierFamilyRule(
      family: .databaseReadOnly, gate: .database,
      texts: [
        "in a read-only transaction", "attempt to write a readonly database", "--read-only option",
        "in a read-only mode", "super-read-only option",
      ]),
    EarlierFamilyRule(
      family: .databaseMemory, gate: .database,
      texts: ["out of memory", "out of shared memory", "could not resize shared memory", "Cannot allocate memory"]),
    EarlierFamilyRule(
      family: .databaseAccess, gate: .database,
      texts: [
        "password authentication failed", "no pg_hba.conf entry", "Access denied for user",
        "Peer authentication failed",
        "Ident authentication failed", "no password supplied", "is not permitted to log in",
      ]),
    EarlierFamilyRule(
      family: .nameResolution, gate: .database,
      texts: [
        "could not translate host name", "failed to resolve host", "Unknown MySQL server host", "[Errno -2]",
        "[Errno -3]",
      ]),
    EarlierFamilyRule(
      family: .databaseLost, gate: .database,
      texts: [
        "server closed the connection unexpectedly", "terminating connection due to", "connection already closed",
        "SSL connection has been closed unexpectedly", "Lost connection to MySQL server",
        "MySQL server has gone away", "Server has gone away", "the connection is closed", "the connection is lost",
        "connection was closed in the middle of operation", "could not receive data from server",
        "SSL SYSCALL error", "consuming input failed", "no connection to the server",
      ]),
    EarlierFamilyRule(
      family: .databaseDown, gate: .database,
      texts: [
        "Is the server running", "could not connect to server", "Connection refused", "the database system is ",
        "Can't connect to ", "Connection timed out", "connection timeout expired", "timeout expired",
        "No route to host", "Network is unreachable", "Host is unreachable", "not yet accepting connections",
        "unable to open database file", "server login has been failing", "server conn crashed?",
        "Connection reset by peer", "the database server is not accepting",
      ]),
    EarlierFamilyRule(
      family: .missingRelation, gate: .database,
      texts: [
        "does not exist", "no such table: ", "no such column: ", "Unknown column ", "doesn't exist",
        "has no column named ",
      ]),

    EarlierFamilyRule(
      family: .diskFull, gate: .system, texts: ["[Errno 28]", "No space left on device", "[Errno 122]"]),
    EarlierFamilyRule(
      family: .fileDescriptors, gate: .system, texts: ["[Errno 24]", "[Errno 23]", "Too many open files"]),
    EarlierFamilyRule(family: .outOfMemory, gate: .system, texts: ["[Errno 12]", "Cannot allocate memory"]),

    EarlierFamilyRule(
      family: .certificate, gate: .network,
      texts: ["CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "certificate has expired"]),
    EarlierFamilyRule(
      family: .nameResolution, gate: .network,
      texts: [
        "Name or service not known", "Temporary failure in name resolution", "No address associated with hostname",
        "getaddrinfo failed", "nodename nor servname", "Failed to resolve", "NameResolutionError", "[Errno -2]",
        "[Errno -3]", "[Errno -5]", "Error -2 connecting", "Error -3 connecting", "Name does not resolve",
      ]),
    EarlierFamilyRule(
      family: .hostSlow, gate: .network,
      texts: ["Read timed out", "read operation timed out", "ReadTimeout", "Timeout reading from"]),
    EarlierFamilyRule(
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
