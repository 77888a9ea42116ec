extension Int {
  /// Returns the sum, or the end of the range on overflow: a counter read back from a damaged store must not trap.
  package func saturatingAdding(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}

extension Sequence<Int> {
  /// Returns the saturating sum. Negative counts, which only damage can cause, count as zero.
  package func sumOfCounts() -> Int { reduce(0) { $0.saturatingAdding(Swift.max(0, $1)) } }
}
