import DedupCore
import Foundation
import GRDB
import Glibc

/// A failed system call on a file of the store.
struct FileFault: Error {
  var call: String
  var path: String
  var code: CInt

  /// Creates a fault from `errno` as the call left it.
  init(_ call: String, _ path: String, code: CInt = errno) {
    self.call = call
    self.path = path
    self.code = code
  }
}

/// An operation failed because of the state of the database, and another database is now in its place.
struct DatabaseReplaced: Error {
  var failure: StoreFailure
}

/// Translates errors of SQLite and of the file system into what they mean for a mail. No other place knows this.
enum Faults {
  /// Returns the failure that `error` amounts to. It leaves out the text of SQL statements, which carries mail.
  static func failure(_ error: any Error) -> StoreFailure {
    switch error {
    case let failure as StoreFailure: failure
    case let replaced as DatabaseReplaced: replaced.failure
    case let fault as FileFault: failure(fault)
    case let error as DatabaseError: failure(error)
    case is CancellationError: StoreFailure(.other, "the task that asked the store was cancelled")
    default: StoreFailure(.other, "the store failed: \(error)")
    }
  }

  /// Runs `body` and translates the errors that it throws.
  static func translated<T>(_ body: () throws -> T) throws(StoreFailure) -> T {
    do { return try body() } catch { throw failure(error) }
  }

  private static func failure(_ fault: FileFault) -> StoreFailure {
    let text = "cannot \(fault.call) \(fault.path): \(String(cString: strerror(fault.code)).lowercasingFirst)"
    return switch fault.code {
    case ENOSPC, EDQUOT: StoreFailure(.diskFull, "\(text); free some space")
    case EIO: StoreFailure(.ioError, "\(text); look after the disk")
    case EROFS: StoreFailure(.readOnly, "\(text); mount it writable")
    case EACCES, EPERM: StoreFailure(.other, "\(text); \(user) needs access to it")
    default: StoreFailure(.other, text)
    }
  }

  private static var user: String {
    "user \(getpwuid(geteuid()).map { "\"\(String(cString: $0.pointee.pw_name))\"" } ?? String(geteuid()))"
  }

  private static func failure(_ error: DatabaseError) -> StoreFailure {
    let kind = kind(of: error.extendedResultCode)
    let text = "SQLite error \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
    let remedy =
      switch kind {
      case .diskFull: "; free some space"
      case .ioError, .unreadable: "; look after the disk"
      case .corrupt: "; the file was left as it is"
      case .locked: "; another program holds a lock on the database"
      case .readOnly: "; give the user of the relay write access to the directory of the store"
      case .other where error.resultCode == .SQLITE_CANTOPEN: "; it takes read and write access to the directory"
      case .closed, .other: ""
      }
    return StoreFailure(kind, text + remedy)
  }

  private static func kind(of code: ResultCode) -> StoreFailure.Kind {
    switch code.primaryResultCode {
    case _ where code == .SQLITE_IOERR_READ: .unreadable
    case .SQLITE_FULL: .diskFull
    case .SQLITE_IOERR: .ioError
    case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: .corrupt
    case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: .locked
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH: .readOnly
    default: .other
    }
  }
}

extension Timestamp {
  /// The largest valid time in the database, 142,000 years from now. Larger values are damage.
  static let latestStored = Timestamp(milliseconds: 1 << 52)
}

extension StoreFailure.Kind {
  /// True if the next mail will probably meet the same failure.
  package var concernsWholeStore: Bool {
    switch self {
    case .diskFull, .ioError, .unreadable, .corrupt, .locked, .readOnly, .closed: true
    case .other: false
    }
  }
}

extension StoreFailure {
  /// Returns the failure with `path` in its description, unless it is there already.
  func about(_ path: String) -> StoreFailure {
    description.contains(path) ? self : StoreFailure(kind, "\(path): \(description)")
  }

  /// Returns the failure for a value in the database that we did not write.
  static func damaged(_ what: String) -> StoreFailure {
    StoreFailure(.corrupt, "the database holds a damaged \(what); it was left as it is")
  }
}

/// Access to columns by position. GRDB's own typed subscripts end the process when a value has another type, and a
/// flipped bit on the disk is enough for that.
extension Row {
  func optionalInteger(_ column: Int) throws(StoreFailure) -> Int64? {
    let value: DatabaseValue = self[column]
    switch value.storage {
    case .int64(let integer): return integer
    case .null: return nil
    case .double, .string, .blob: throw .damaged("number")
    }
  }

  func integer(_ column: Int) throws(StoreFailure) -> Int64 {
    guard let integer = try optionalInteger(column) else { throw .damaged("number") }
    return integer
  }

  /// Returns a number that can be added to others without a trap.
  func count(_ column: Int) throws(StoreFailure) -> Int {
    let count = try integer(column)
    guard (0...Timestamp.latestStored.milliseconds).contains(count) else { throw .damaged("count") }
    return Int(count)
  }

  func time(_ column: Int) throws(StoreFailure) -> Timestamp {
    guard let time = try optionalTime(column) else { throw .damaged("time") }
    return time
  }

  /// Returns a time whose distance to others does not overflow; nil for NULL.
  func optionalTime(_ column: Int) throws(StoreFailure) -> Timestamp? {
    guard let milliseconds = try optionalInteger(column) else { return nil }
    guard milliseconds.magnitude <= Timestamp.latestStored.milliseconds.magnitude else { throw .damaged("time") }
    return Timestamp(milliseconds: milliseconds)
  }

  func optionalText(_ column: Int) throws(StoreFailure) -> String? {
    let value: DatabaseValue = self[column]
    switch value.storage {
    case .string(let text): return text
    case .null: return nil
    case .double, .int64, .blob: throw .damaged("text")
    }
  }

  func text(_ column: Int) throws(StoreFailure) -> String {
    guard let text = try optionalText(column) else { throw .damaged("text") }
    return text
  }

  /// Returns the octets of a blob or a text; nil for NULL.
  func optionalBytes(_ column: Int) -> [UInt8]? {
    let value: DatabaseValue = self[column]
    return Data.fromDatabaseValue(value).map { [UInt8]($0) }
  }
}

extension String {
  /// The string with its first letter in lower case, to continue a sentence.
  fileprivate var lowercasingFirst: String { prefix(1).lowercased() + dropFirst() }
}
