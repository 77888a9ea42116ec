import MailMessage

/// The phrases of servers that answer in codes, or in words that they never translate. Known since version 4.
enum EngineTable {
  static let database: [FamilyPhrase] = [
    FamilyPhrase(.databaseLocked, .sqlite, starts: ["database is locked", "database table is locked"]),
    FamilyPhrase(.databaseDamaged, .sqlite, starts: ["database disk image is malformed", "file is not a database"]),
    FamilyPhrase(.databaseDamaged, .mySQL, codes: [1194, 1195]),
    // 4031 of MySQL, since 8.0.24 in place of 2006; 1927 of MariaDB's KILL.
    FamilyPhrase(.databaseLost, .mySQL, codes: [4031, 1927]),
    // PgBouncer, `src/janitor.c` and `src/client.c`.
    FamilyPhrase(.databasePool, .postgreSQL, starts: ["query_wait_timeout", "client_login_timeout"]),
    // Oracle's numbers, and those of python-oracledb's own network layer.
    FamilyPhrase(.databaseSlots, .oracle, starts: ["ORA-00020", "ORA-00018", "ORA-02391", "ORA-12519", "ORA-12516"]),
    FamilyPhrase(.databasePool, .oracle, starts: ["ORA-24418", "ORA-24457", "DPY-4005"]),
    FamilyPhrase(.databaseDiskFull, .oracle, starts: ["ORA-01653", "ORA-01654", "ORA-01652", "ORA-00257"]),
    FamilyPhrase(.databaseReadOnly, .oracle, starts: ["ORA-16000", "ORA-01456"]),
    FamilyPhrase(.databaseMemory, .oracle, starts: ["ORA-04030", "ORA-04031", "ORA-04036"]),
    FamilyPhrase(.databaseAccess, .oracle, starts: ["ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "DPY-4001"]),
    FamilyPhrase(
      .databaseLost, .oracle,
      starts: ["ORA-03113", "ORA-03114", "ORA-03135", "ORA-00028", "ORA-02396", "DPY-4011", "DPY-1001", "DPI-1080"]),
    FamilyPhrase(
      .databaseDown, .oracle,
      starts: [
        "ORA-12541", "ORA-12514", "ORA-12505", "ORA-12170", "ORA-12545", "ORA-12528", "ORA-12537", "ORA-01034",
        "ORA-01033", "ORA-01089", "ORA-01090", "DPY-6000", "DPY-6001", "DPY-6003", "DPY-6005",
      ]),
  ]

  /// The system's errors for a disk that is there but cannot be written (EROFS, EIO, ESTALE), raised by a call.
  static let system: [FamilyPhrase] = [
    FamilyPhrase(.diskFails, starts: ["[Errno 30] ", "[Errno 5] ", "[Errno 116] "])
  ]

  /// The errors in which redis-py repeats the system's words:
  /// `Error 2 connecting to /run/redis.sock. No such file or directory.`,
  /// `Error Multiple exceptions: [Errno 111] …, [Errno 111] … connecting to localhost:6379.`, Windows' numbers.
  static let network: [FamilyPhrase] = [
    FamilyPhrase(.hostUnreachable, .redis, starts: ["Error "], within: [" connecting to "])
  ]

  static func answers(of service: Service) -> [FamilyPhrase] {
    switch service {
    case .cache, .broker: queuesAndCaches
    case .mail: mail
    case .database, .http, .socket: []
    }
  }

  /// The family of a sentence that PostgreSQL's server says in any language, or nil if it belongs to the code that
  /// asked.
  static func family(of kind: PostgreSQLCatalogue.Kind) -> Family? {
    switch kind {
    case .slots: .databaseSlots
    case .down: .databaseDown
    case .lost: .databaseLost
    case .access: .databaseAccess
    case .readOnly: .databaseReadOnly
    case .diskFull: .databaseDiskFull
    case .memory: .databaseMemory
    case .missingRelation: .missingRelation
    default: nil
    }
  }

  /// The answers of Redis and Valkey, with the code that some versions of their clients leave off; of libmemcached,
  /// through pylibmc; and of AMQP.
  private static let queuesAndCaches: [FamilyPhrase] = [
    FamilyPhrase(.cacheMemory, .redis, starts: ["command not allowed when used memory", "OOM command not allowed"]),
    FamilyPhrase(
      .cacheReadOnly, .redis,
      starts: ["You can't write against a read only", "READONLY You can't write against a read only"]),
    FamilyPhrase(
      .cacheAccess, .redis,
      starts: [
        "Authentication required", "NOAUTH ", "WRONGPASS ", "invalid username-password pair", "invalid password",
        "Client sent AUTH, but no password is set", "AUTH <password> called without any password", "NOPERM ",
      ]),
    FamilyPhrase(
      .cacheDown, .redis,
      starts: [
        "Link with MASTER is down", "MASTERDOWN ", "The cluster is down", "CLUSTERDOWN ", "NOREPLICAS ",
        "Not enough good replicas to write",
      ]),
    FamilyPhrase(.cacheDisk, .redis, starts: ["MISCONF ", "Errors writing to the AOF file"]),
    FamilyPhrase(.cacheDown, .memcached, starts: ["error "], within: [" from memcached_"]),
    FamilyPhrase(.brokerDown, starts: ["0): (320) CONNECTION_FORCED", "(320) CONNECTION_FORCED"]),
  ]

  /// The replies of a mail server that does not serve (RFC 5321, 4.2), or does not accept the login (RFC 4954, 6).
  private static let mail: [FamilyPhrase] = [
    FamilyPhrase(.mailAccess, codes: [530, 534, 535, 538]),
    FamilyPhrase(.mailServerDown, codes: [421, 554]),
  ]
}
