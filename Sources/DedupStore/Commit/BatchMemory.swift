import GRDB

/// What one batch leaves to the next, so that it need not be read again. All of it may be forgotten at any time.
struct BatchMemory {
  var unchanged = UnchangedEntries()
  var windows: KnownWindows?
}

/// Windows that hold as long as nothing but batches changes the database.
struct KnownWindows {
  private let table: WindowTable
  private let state: State

  /// Differs once somebody else changed a row: this connection between two batches, or another one.
  struct State: Equatable {
    /// Rows that this connection changed, ever.
    private var changes: Int
    /// `PRAGMA data_version`: differs when another connection committed something.
    private var version: Int64

    /// - Parameter changes: when the transaction began.
    init(changes: Int, _ db: Database) throws {
      self.changes = changes
      version = try Row.fetchOne(try db.cachedStatement(sql: "PRAGMA data_version"))?.integer(0) ?? 0
    }

    /// After what this transaction changed itself.
    func advanced(_ db: Database) -> State {
      var state = self
      state.changes = db.totalChangesCount
      return state
    }
  }

  /// Nil when that is too much to stay in memory.
  ///
  /// - Parameter state: when the table was written.
  init?(_ table: WindowTable, at state: State) {
    guard table.isSmall else { return nil }
    self.table = table
    self.state = state
  }

  /// The table, if it still holds.
  func table(at state: State) -> WindowTable? { state == self.state ? table : nil }
}
