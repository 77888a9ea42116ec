/// What one version of the algorithm does differently from the one before it. A version is this value and nothing
/// else: there is one code for all of them, and what was released stays as it is, because fingerprints in stores were
/// made with it.
///
/// After an upgrade a mail has a fingerprint of the new version and those of the versions before. The store finds the
/// history under the old name and carries it on under the new one.
struct Algorithm: Sendable, Equatable {
  let version: AlgorithmVersion
  /// The code of a frame counts without its spacing and with one kind of quotes: after a formatter ran over the
  /// project, the same errors are still the same.
  var ignoresCodeStyle: Bool

  static let version1 = Algorithm(version: AlgorithmVersion(rawValue: 1), ignoresCodeStyle: false)
  static let version2 = Algorithm(version: AlgorithmVersion(rawValue: 2), ignoresCodeStyle: true)

  /// What names errors now.
  static let current = version2
  /// Versions that stores may still know errors by, the latest first.
  static let earlier = [version1]
}

/// The key that an earlier version makes.
struct EarlierKey: Sendable, Equatable {
  var version: AlgorithmVersion
  var bytes: [UInt8]
}
