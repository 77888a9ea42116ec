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
  /// A family needs the place that raises it and its phrase where that place puts it; names that a visitor may have
  /// chosen are not in the key. Before, a phrase anywhere in the text was enough (`EarlierFamilyMatcher`).
  var asksForPlace: Bool

  static let version1 = Algorithm(
    version: AlgorithmVersion(rawValue: 1), ignoresCodeStyle: false, asksForPlace: false)
  static let version2 = Algorithm(
    version: AlgorithmVersion(rawValue: 2), ignoresCodeStyle: true, asksForPlace: false)
  static let version3 = Algorithm(version: AlgorithmVersion(rawValue: 3), ignoresCodeStyle: true, asksForPlace: true)

  /// What names errors now.
  static let current = version3
  /// Versions that stores may still know errors by, the latest first.
  static let earlier = [version2, version1]
}

/// The key that an earlier version makes.
struct EarlierKey: Sendable, Equatable {
  var version: AlgorithmVersion
  var bytes: [UInt8]
}

/// The keys that earlier versions make, worked out by whoever asks: only an error that nobody knows by its current name
/// is looked for under the others, and they cost as much as the current one.
struct EarlierKeys: Sendable {
  private let make: @Sendable () -> [EarlierKey]

  /// None: no history is claimed.
  init() { make = { [] } }

  init(_ make: @escaping @Sendable () -> [EarlierKey]) { self.make = make }

  /// The same key in all earlier versions.
  init(all bytes: [UInt8]) {
    make = { Algorithm.earlier.map { EarlierKey(version: $0.version, bytes: bytes) } }
  }

  var all: [EarlierKey] { make() }

  /// The same with each key changed.
  func changed(_ change: @escaping @Sendable ([UInt8]) -> [UInt8]) -> EarlierKeys {
    EarlierKeys { [make] in make().map { EarlierKey(version: $0.version, bytes: change($0.bytes)) } }
  }
}
