/// The work of the thread of a `CommitQueue`, with what it keeps between two transactions. It is made on that thread and
/// never leaves it, so it needs no lock and need not be Sendable.
protocol Committing<Context>: SendableMetatype {
  /// The value that a transaction passes to its jobs.
  associatedtype Context

  /// Runs `jobs` inside one durable transaction; throws if nothing of it was kept.
  mutating func commit(_ jobs: (Context) throws -> Void) throws

  /// Works after a second without jobs, and again as long as it returns true.
  mutating func tidy() -> Bool

  /// Works once more after the last transaction.
  mutating func finish()
}
