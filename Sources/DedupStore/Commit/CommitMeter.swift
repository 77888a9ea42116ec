package import DedupCore

/// The number of jobs per durable transaction, and its duration.
package struct CommitMeter: Sendable {
  package private(set) var sizes = Histogram(bounds: [1, 2, 5, 10, 20, 50, 100, 200, 500])
  /// The durations in seconds.
  package private(set) var durations = Histogram(
    bounds: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5])

  mutating func add(jobs: Int, seconds: Double) {
    sizes.add(Double(jobs))
    durations.add(seconds)
  }
}
