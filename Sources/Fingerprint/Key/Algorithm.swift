/// The differences between one version of the algorithm and the one before it. A version is only this value: all
/// versions share one code, and what was released stays as it is, because fingerprints in stores were made with it.
///
/// After an upgrade a mail has a fingerprint of the new version and those of the versions before. The store finds the
/// history under the old name and continues it under the new one.
struct Algorithm: Sendable, Equatable {
  let version: AlgorithmVersion
  /// True if the code of a frame counts without its spacing and with one kind of quotes: after a formatter ran over the
  /// project, the same errors are still the same.
  var ignoresCodeStyle: Bool
  /// True if a family needs the place that raises it, and its phrase where that place puts it; names that a visitor may
  /// have chosen are not in the key. Before, a phrase anywhere in the text was enough (`EarlierFamilyMatcher`).
  var asksForPlace: Bool
  /// True if packages that the site installed with pip are its own, by `Installed Applications`; if a dispatcher is
  /// plumbing in every package; and if Windows paths read like others in every rule.
  var knowsDeployments: Bool
  /// True if the caller of a helper that only passes on what it was given is in the key. So are other facts that tell
  /// errors apart if no line of the site's own does: the view, the entry into a loop of library code, the route that a
  /// template asks for.
  var asksForCaller: Bool
  /// True if outages are recognised in all languages and of more engines.
  var knowsLanguages: Bool

  static let version1 = Algorithm(
    version: AlgorithmVersion(rawValue: 1), ignoresCodeStyle: false, asksForPlace: false, knowsDeployments: false,
    asksForCaller: false, knowsLanguages: false)
  static let version2 = version1.next { $0.ignoresCodeStyle = true }
  static let version3 = version2.next { $0.asksForPlace = true }
  static let version4 = version3.next {
    ($0.knowsDeployments, $0.asksForCaller, $0.knowsLanguages) = (true, true, true)
  }

  /// The version that names errors now.
  static let current = version4
  /// The versions that stores may still know errors by, the latest first.
  static let earlier = [version3, version2, version1]

  /// Returns the version after this one, with a change.
  private func next(_ change: (inout Algorithm) -> Void) -> Algorithm {
    var next = Algorithm(
      version: AlgorithmVersion(rawValue: version.rawValue + 1), ignoresCodeStyle: ignoresCodeStyle,
      asksForPlace: asksForPlace, knowsDeployments: knowsDeployments, asksForCaller: asksForCaller,
      knowsLanguages: knowsLanguages)
    change(&next)
    return next
  }
}

/// The key that an earlier version makes.
struct EarlierKey: Sendable, Equatable {
  var version: AlgorithmVersion
  var bytes: [UInt8]
}

/// The keys that earlier versions make, computed only when asked for: only an error that is not known by its current
/// name is looked up under the others, and they cost as much as the current one.
struct EarlierKeys: Sendable {
  private let make: @Sendable () -> [EarlierKey]

  /// Creates an empty list: no history is claimed.
  init() { make = { [] } }

  init(_ make: @escaping @Sendable () -> [EarlierKey]) { self.make = make }

  /// Creates the same key for all earlier versions.
  init(all bytes: [UInt8]) {
    make = { Algorithm.earlier.map { EarlierKey(version: $0.version, bytes: bytes) } }
  }

  /// Creates the key of one version.
  init(of algorithm: Algorithm, _ bytes: [UInt8]) {
    make = { [EarlierKey(version: algorithm.version, bytes: bytes)] }
  }

  var all: [EarlierKey] { make() }

  /// The keys of versions that no visitor could deceive: version 3 and later.
  var certain: EarlierKeys {
    EarlierKeys { [make] in make().filter { $0.version >= Algorithm.version3.version } }
  }

  /// Returns the keys with each one changed.
  func changed(_ change: @escaping @Sendable (EarlierKey) -> [UInt8]) -> EarlierKeys {
    EarlierKeys { [make] in make().map { EarlierKey(version: $0.version, bytes: change($0)) } }
  }
}
