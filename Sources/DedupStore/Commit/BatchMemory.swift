import GRDB

/// The memory that one batch leaves to the next, so that it need not be read again. All of it may be forgotten at any
/// time.
struct BatchMemory {
  var unchanged = UnchangedEntries()
  var windows: KnownWindows?
}

/// The knowledge that the thread that commits has of one database. Another database begins with nothing: its rows have
/// other numbers.
struct DatabaseMemory {
  /// The number of the database (`CurrentDatabase`).
  let generation: Int
  /// True once a transaction of this process is durable in it. The first one keeps the number of the transaction before
  /// it (`TransactionTable`).
  var hasBegun = false
  /// The samples that are held back, by rows.
  var latest = LatestSamples()
  /// The memory that the last batch left.
  var batch = BatchMemory()

  init(generation: Int) { self.generation = generation }

  /// Returns what the last batch left, and forgets it: a transaction that fails leaves nothing to the next.
  mutating func takeBatch() -> BatchMemory {
    defer { batch = BatchMemory() }
    return batch
  }
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
