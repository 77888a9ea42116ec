import DedupCore

/// The latest mails of errors in a storm, which are written once a second and not with each batch: a batch of a storm
/// changes a few counts, and the mail beside them would be most of what it writes.
///
/// A sample is for people to look at, so it may be a second behind after a crash; counts are not. This is a value: a
/// transaction that fails leaves it unchanged.
struct LatestSamples {
  /// The pause between two writes for one fingerprint.
  static let pause = Duration.seconds(1)
  /// The octets that may wait in memory, beyond which samples are written at once, and the number of fingerprints whose
  /// last write is remembered.
  private static let octetsHeld = 4 << 20
  private static let fingerprints = 1000

  private var writtenAt: [Int64: ContinuousClock.Instant] = [:]
  private var waiting: [Int64: SampleTable.Sample] = [:]
  private var octets = 0

  /// True if no sample waits.
  var isEmpty: Bool { waiting.isEmpty }

  /// Keeps `sample` for later if one of its fingerprint was written just now.
  ///
  /// - Returns: true if it has to wait; otherwise it counts as written.
  mutating func holds(_ sample: SampleTable.Sample, of fingerprint: Int64, at now: ContinuousClock.Instant) -> Bool {
    forget(fingerprint)
    if let last = writtenAt[fingerprint], last.duration(to: now) < Self.pause, octets < Self.octetsHeld {
      waiting[fingerprint] = sample
      octets += sample.message?.count ?? 0
      return true
    }
    if writtenAt.count >= Self.fingerprints { writtenAt = writtenAt.filter { $0.value.duration(to: now) < Self.pause } }
    if writtenAt.count < Self.fingerprints { writtenAt[fingerprint] = now }
    return false
  }

  /// Removes and returns the samples that have waited long enough and have to be written now.
  mutating func due(at now: ContinuousClock.Instant) -> [Int64: SampleTable.Sample] {
    let due = waiting.filter { fingerprint, _ in
      writtenAt[fingerprint].map { $0.duration(to: now) >= Self.pause } ?? true
    }
    for fingerprint in due.keys {
      forget(fingerprint)
      writtenAt[fingerprint] = now
    }
    return due
  }

  /// Removes and returns all waiting samples.
  mutating func all() -> [Int64: SampleTable.Sample] {
    defer { self = LatestSamples() }
    return waiting
  }

  private mutating func forget(_ fingerprint: Int64) {
    guard let sample = waiting.removeValue(forKey: fingerprint) else { return }
    octets -= sample.message?.count ?? 0
  }
}
