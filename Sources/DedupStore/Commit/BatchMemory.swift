import GRDB

/// The memory that one batch leaves to the next, so that it need not be read again. All of it may be forgotten at any
/// time.
struct BatchMemory {
  var unchanged = UnchangedEntries()
  var windows: KnownWindows?
}

/// Windows that hold as long as only batches change the database.
struct KnownWindows {
  private let table: WindowTable
  private let state: State

  /// A state that differs once anything else changed a row: this connection between two batches, or another one.
  struct State: Equatable {
    /// The number of rows that this connection ever changed.
    private var changes: Int
    /// The `PRAGMA data_version`, which differs once another connection has committed something.
    private var version: Int64

    /// Reads the state.
    ///
    /// - Parameter changes: the changed rows when the transaction began.
    init(changes: Int, _ db: Database) throws {
      self.changes = changes
      version = try Row.fetchOne(try db.cachedStatement(sql: "PRAGMA data_version"))?.integer(0) ?? 0
    }

    /// Returns the state after the changes of this transaction.
    func advanced(_ db: Database) -> State {
      var state = self
      state.changes = db.totalChangesCount
      return state
    }
  }

  /// Keeps a table; nil if it is too large to stay in memory.
  ///
  /// - Parameter state: the state when the table was written.
  init?(_ table: WindowTable, at state: State) {
    guard table.isSmall else { return nil }
    self.table = table
    self.state = state
  }

  /// Returns the table if it still holds; otherwise nil.
  func table(at state: State) -> WindowTable? { state == self.state ? table : nil }
}
