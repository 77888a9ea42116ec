import CSQLite
import Glibc

/// Where the counts are kept, both with one sync for all mails that wait.
enum Keeping: String {
  /// 200 octets a mail at the end of a file.
  case file
  /// One row of a SQLite database in WAL mode, which the relay keeps its counts in: one page a commit, where the relay
  /// changes six.
  case sqlite

  func opened(_ path: String) -> ((Int) -> Bool)? {
    switch self {
    case .file: Self.file(path)
    case .sqlite: Self.database(path)
    }
  }

  private static func file(_ path: String) -> ((Int) -> Bool)? {
    let file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    guard file >= 0 else { return nil }
    return { mails in
      let records = [UInt8](repeating: 0x2E, count: 200 * mails)
      return write(file, records, records.count) == records.count && fdatasync(file) == 0
    }
  }

  private static func database(_ path: String) -> ((Int) -> Bool)? {
    var database: OpaquePointer?
    var update: OpaquePointer?
    let schema = """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;
      CREATE TABLE error (id INTEGER PRIMARY KEY, mails INTEGER); INSERT INTO error VALUES (1, 0);
      """
    guard sqlite3_open(path, &database) == SQLITE_OK, sqlite3_exec(database, schema, nil, nil, nil) == SQLITE_OK,
      sqlite3_prepare_v2(database, "UPDATE error SET mails = mails + ? WHERE id = 1", -1, &update, nil) == SQLITE_OK
    else { return nil }
    let statement = update
    return { mails in
      sqlite3_bind_int64(statement, 1, Int64(mails))
      defer { sqlite3_reset(statement) }
      return sqlite3_step(statement) == SQLITE_DONE
    }
  }
}
